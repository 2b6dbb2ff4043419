import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { checkConfiguration } from './check-configuration.js';
import { describeProblem } from './problems.js';
import { ConfigurationFiles, DRIVER, NFS_CLASS } from './spec-support/configuration-files.js';

const SECRET = 'hunter2';
const ONE = ['enabled_backends: [one]', 'backends:', '  one:', `    volume_driver: ${DRIVER}`];

/** A module that is not there, in the words of Node: Jest's own differ. */
const NOT_FOUND = [
  "const message = `Cannot find module '${new URL(import.meta.url).pathname}'`;",
  "throw Object.assign(new Error(message), { code: 'ERR_MODULE_NOT_FOUND' });",
];

/** What is said of a file, without the directory it is in. */
async function check(
  files: ConfigurationFiles,
  name: string,
  lines: string[],
  mode?: number,
): Promise<string[]> {
  const file = await files.write(name, lines, mode);
  const { problems } = await checkConfiguration(files.source({ file }));
  const said = problems.map((problem) => `${describeProblem(problem)} (${problem.level})`);
  return said.map((line) => line.replaceAll(`${files.directory}/`, ''));
}

describe('checking a configuration', () => {
  it('finds nothing wrong with a right one, or with the embedded default', async () => {
    await using files = await ConfigurationFiles.open();
    const { problems } = await checkConfiguration(files.source());
    expect(problems).toEqual([]);
    expect(await check(files, 's.yaml', [...ONE, '    array_name: a'])).toEqual([]);
  });

  it('says all that is wrong with scoria.yaml at once, without secrets', async () => {
    await using files = await ConfigurationFiles.open();
    await files.write('no-driver.mjs', NOT_FOUND);
    const said = await check(files, 's.yaml', [
      'state_pth: ./state',
      'listen: nowhere',
      `database: {connection: "mysql://u:${SECRET}@h/d"}`,
      'enabled_backends: [one, two, tree, three]',
      'backends:',
      '  one:',
      `    volume_driver: ${DRIVER}`,
      `    array_pasword: ${SECRET}`,
      '    reserved_percentage: "5"',
      '    max_over_subscription_ratio: 0.5',
      '  two:',
      '    volume_driver: ./no-driver.mjs',
      '  three:',
      `    volume_driver: ${DRIVER}`,
      '    array_name: a',
      `    array_password: [${SECRET}]`,
    ]);
    expect(said.join('\n')).not.toContain(SECRET);
    expect(said).toEqual([
      's.yaml:1:1: there is no setting state_pth; did you mean state_path? (error)',
      's.yaml:2:1: listen must be HOST:PORT (error)',
      's.yaml:3:12: database.connection must be sqlite:/absolute/path or postgresql://user@host/database (error)',
      's.yaml:4:1: backend tree: it is enabled and has no section; did you mean three? (error)',
      's.yaml:6:3: backend one: array_name: is required and not set (error)',
      's.yaml:8:5: backend one: array_pasword: there is no such option; the nearest name is array_password (error)',
      's.yaml:9:5: backend one: reserved_percentage: must be integer, but is "5" (error)',
      's.yaml:10:5: backend one: max_over_subscription_ratio: must be >= 1, but is 0.5 (error)',
      's.yaml:12:5: backend two: there is no driver "./no-driver.mjs"; ' +
        `known are @scoria/driver-local, ${NFS_CLASS}, packages and paths; a package has to be installed (error)`,
      's.yaml:16:5: backend three: array_password: must be string (error)',
    ]);
  });

  it('takes a cinder.conf as it is: text, classes of Cinder, and options that are of no use are warnings', async () => {
    await using files = await ConfigurationFiles.open();
    const said = await check(files, 'cinder.conf', [
      '[DEFAULT]',
      'enabled_backends = one',
      `state_path = ${files.directory}`,
      '[one]',
      `volume_driver = ${NFS_CLASS}`,
      'array_name = $state_path/a',
      'reserved_percentage = 5',
      `chap_password = ${SECRET}`,
      `array_pasword = ${SECRET}`,
      'max_over_subscription_ratio = auto',
    ]);
    expect(said).toEqual([
      'cinder.conf:8: backend one: chap_password has no meaning here and is ignored (warning)',
      'cinder.conf:9: backend one: array_pasword has no meaning here and is ignored; ' +
        'did you mean array_password? (warning)',
      'cinder.conf:10: backend one: max_over_subscription_ratio: must be number, but is "auto" (error)',
    ]);
  });

  it('says what is wrong with a driver that is there', async () => {
    await using files = await ConfigurationFiles.open();
    await files.write('driver.mjs', ['export default 5;']);
    const lines = [...ONE.slice(0, 3), '    volume_driver: ./driver.mjs'];
    expect(await check(files, 's.yaml', lines)).toEqual([
      expect.stringMatching(
        /^s\.yaml:4:5: backend one: the default export of file:.* is not what defineDriver/,
      ),
    ]);
  });

  it('shows an option that stands in itself as what it is', async () => {
    await using files = await ConfigurationFiles.open();
    const said = await check(files, 's.yaml', [...ONE, '    array_name: &a [*a]']);
    expect(said).toEqual([
      expect.stringContaining('must be string, but is a table or list that stands in itself'),
    ]);
  });

  it.each(['file/state', 'file', 'nul\\0'])('refuses the state_path %s', async (statePath) => {
    await using files = await ConfigurationFiles.open();
    await files.write('file', []);
    const said = await check(files, 's.yaml', [`state_path: "./${statePath}"`, ...ONE, '    array_name: a']);
    expect(said).toEqual([
      expect.stringMatching(/^s\.yaml:1:1: state_path .* cannot be written: .* \(error\)$/),
    ]);
  });

  it('refuses a state_path that may not be written', async () => {
    await using files = await ConfigurationFiles.open();
    const sealed = path.join(files.directory, 'sealed');
    await mkdir(sealed, { mode: 0o500 });
    // Nothing is sealed for root, but what is no directory.
    const statePath = process.getuid?.() === 0 ? '/dev/null/state' : './sealed/state';
    const said = await check(files, 's.yaml', [`state_path: ${statePath}`, ...ONE, '    array_name: a']);
    expect(said).toEqual([expect.stringMatching(/^s\.yaml:1:1: state_path .* cannot be written/)]);
  });

  it.each<[string, number, string[], number]>([
    ['a secret option that every user can read', 0o644, [...ONE, `    array_password: ${SECRET}`], 1],
    ['a secret option that its group can read', 0o640, [...ONE, `    array_password: ${SECRET}`], 0],
    ['no secret', 0o644, ONE, 0],
    [
      'the password of a database that every user can read',
      0o644,
      [`database: {connection: "postgresql://u:${SECRET}@h/d"}`, ...ONE],
      1,
    ],
  ])('warns of %s (%o)', async (_, mode, lines, expected) => {
    await using files = await ConfigurationFiles.open();
    const said = await check(files, 's.yaml', [...lines, '    array_name: a'], mode);
    const warning = 's.yaml: it has secrets in it and every user can read it; chmod o-r it (warning)';
    expect(said).toEqual(Array(expected).fill(warning));
  });
});
