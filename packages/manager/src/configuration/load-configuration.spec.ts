import path from 'node:path';
import { findConfigurationFile, loadConfiguration } from './load-configuration.js';
import { ConfigurationFiles, DRIVER } from './spec-support/configuration-files.js';

const RIGHT = ['enabled_backends: [one]', 'backends:', '  one:', '    volume_driver: ./driver.js'];

describe('the file that counts', () => {
  it('is the named one, then that of SCORIA_CONFIG, then one of the usual names here', async () => {
    await using files = await ConfigurationFiles.open();
    const { directory: cwd } = files;
    const env = { SCORIA_CONFIG: '/etc/scoria.yaml' };
    expect(findConfigurationFile({ file: 'a.yaml', env, cwd })).toBe(path.join(cwd, 'a.yaml'));
    expect(findConfigurationFile({ env, cwd })).toBe('/etc/scoria.yaml');
    expect(findConfigurationFile({ env: { SCORIA_CONFIG: '' }, cwd })).toBeUndefined();
    for (const name of ['cinder.conf', 'scoria.yml', 'scoria.yaml']) {
      await files.write(name, []);
      expect(findConfigurationFile({ env: {}, cwd })).toBe(path.join(cwd, name));
    }
  });
});

describe('loading', () => {
  it('without a file gives the embedded default', async () => {
    await using files = await ConfigurationFiles.open();
    const state = path.join(files.directory, 'state');
    const loaded = await loadConfiguration(files.source());
    expect(loaded).toMatchObject({
      statePath: state,
      databaseUrl: `sqlite:${state}/scoria.db`,
      enabledBackends: ['local'],
      backends: [{ name: 'local', driver: DRIVER, options: { array_name: `${state}/volumes` } }],
    });
    expect(loaded.file).toBeUndefined();
  });

  it.each(['s.yaml', 's.YML'])('reads %s as YAML', async (name) => {
    await using files = await ConfigurationFiles.open();
    const file = await files.write(name, RIGHT);
    expect(await loadConfiguration(files.source({ file }))).toMatchObject({ file, enabledBackends: ['one'] });
  });

  it('reads anything else as a cinder.conf', async () => {
    await using files = await ConfigurationFiles.open();
    const file = await files.write('x', ['[DEFAULT]', 'enabled_backends=a', '[a]', 'volume_driver=./d.js']);
    const { backends } = await loadConfiguration(files.source({ file }));
    expect(backends).toMatchObject([{ name: 'a', optionsAreText: true }]);
  });

  it('goes on with the backends that are right', async () => {
    await using files = await ConfigurationFiles.open();
    await files.write('scoria.yaml', ['enabled_backends: [one, two]', ...RIGHT.slice(1)]);
    const { backends } = await loadConfiguration(files.source());
    expect(backends.map(({ name, problem }) => [name, problem])).toEqual([
      ['one', undefined],
      ['two', 'it is enabled and has no section'],
    ]);
  });

  it.each<[string, string[], string]>([
    ['all backends are wrong', ['enabled_backends: [one, two]'], 'has 2 errors:\n'],
    ['something else is wrong', ['listen: x', ...RIGHT], 'has an error:\n'],
  ])('fails where %s, and names every error', async (_, lines, expected) => {
    await using files = await ConfigurationFiles.open();
    const file = await files.write('scoria.yaml', lines);
    await expect(loadConfiguration(files.source())).rejects.toMatchObject({
      code: 'invalid-input',
      message: expect.stringContaining(`${expected}${file}:1:1: `) as string,
    });
  });

  it.each(['missing.yaml', '.'])('says that %s cannot be read, and how to name another', async (file) => {
    await using files = await ConfigurationFiles.open();
    await expect(loadConfiguration(files.source({ file }))).rejects.toMatchObject({
      code: 'invalid-input',
      message: expect.stringMatching(/cannot be read: .*; see --config and SCORIA_CONFIG$/) as string,
    });
  });
});
