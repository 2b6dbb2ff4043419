import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { CloningDriver, MinimalDriver } from '../fixtures/drivers.js';
import { PluginError } from '../errors.js';
import { rejection } from '../fixtures/objects.js';
import { defineOptions } from '../options/option-schema.js';
import type { DriverPlugin } from './define-driver.js';
import { API_VERSION, defineDriver, isDriverPlugin } from './define-driver.js';
import { checkPlugin, loadPlugin } from './load-plugin.js';

function aPlugin(fields: Partial<Record<keyof DriverPlugin, unknown>> = {}): DriverPlugin {
  const driver = { driver: MinimalDriver, options: defineOptions({}), capabilities: [] };
  return defineDriver({ name: 'acme', apiRange: '^1.0.0', ...driver, ...fields } as DriverPlugin);
}

/** A class such as one gets from a second copy of this package. */
const OtherCopy = {
  VolumeDriver: class VolumeDriver {
    readonly copy = 2;
  },
};
class OfAnotherCopy extends OtherCopy.VolumeDriver {}
class Unrelated {
  readonly name = 'acme';
}
class Partly extends MinimalDriver {}
Object.assign(Partly.prototype, { stats: undefined, openDevice: undefined });

describe('checkPlugin', () => {
  it.each(['^1.0.0', '>=1 <3', '1.x', '*', API_VERSION])('accepts the range %s', (apiRange) => {
    expect(() => {
      checkPlugin(aPlugin({ apiRange }));
    }).not.toThrow();
  });

  it.each<[string, Partial<Record<keyof DriverPlugin, unknown>>, string, string]>([
    [
      'a newer contract',
      { apiRange: '^2.0.0' },
      'plugin-api-mismatch',
      'the driver acme was written for the contract ^2.0.0, and this is 1.2.0; ' +
        'install a version of the driver that fits',
    ],
    [
      'a range that is none',
      { apiRange: 'latest' },
      'plugin-invalid',
      `the apiRange "latest" of acme is not a semver range such as '^1.0.0'`,
    ],
    [
      'a class of its own',
      { driver: Unrelated },
      'plugin-invalid',
      'the driver class of acme does not extend VolumeDriver of @scoria/core',
    ],
    [
      'no class',
      { driver: undefined },
      'plugin-invalid',
      'the driver class of acme does not extend VolumeDriver of @scoria/core',
    ],
    [
      "another copy's class",
      { driver: OfAnotherCopy },
      'plugin-invalid',
      'the driver class of acme extends the VolumeDriver of another copy of @scoria/core than this one; ' +
        '`npm ls @scoria/core` shows both: make it a peer dependency of the driver, so that there is one',
    ],
    [
      'a class that lacks methods',
      { driver: Partly },
      'plugin-invalid',
      'the driver class of acme lacks stats, openDevice; every driver has to have these methods',
    ],
    [
      'a capability that is not declared',
      { driver: CloningDriver },
      'capability-mismatch',
      "the driver acme has the method createClonedVolume but does not declare 'clone'",
    ],
    [
      'capabilities that are not there',
      { capabilities: ['clone', 'revert'] },
      'capability-mismatch',
      "the driver acme declares 'clone' but has no method createClonedVolume; " +
        "declares 'revert' but has no method revertToSnapshot",
    ],
  ])('refuses %s', (_, fields, code, message) => {
    const attempt = (): void => {
      checkPlugin(aPlugin(fields));
    };
    expect(attempt).toThrow(PluginError);
    expect(attempt).toThrow(expect.objectContaining({ code, message }) as Error);
  });
});

describe('defineDriver', () => {
  it('gives what can be told from an object of the same shape, and cannot be changed', () => {
    expect(isDriverPlugin(aPlugin())).toBe(true);
    expect(isDriverPlugin({ ...aPlugin() })).toBe(true);
    expect(isDriverPlugin({ name: 'acme', driver: MinimalDriver })).toBe(false);
    expect(isDriverPlugin(null)).toBe(false);
    expect(isDriverPlugin('acme')).toBe(false);
    expect(Object.isFrozen(aPlugin())).toBe(true);
  });
});

describe('loadPlugin', () => {
  it('gives the plugin that the module exports by default', async () => {
    const plugin = aPlugin();
    const modules: Record<string, unknown> = { 'acme-scoria-driver': { default: plugin } };
    const importer = async (name: string): Promise<unknown> => Promise.resolve(modules[name]);
    expect(await loadPlugin('acme-scoria-driver', importer)).toBe(plugin);
  });

  it.each([
    ['no default export', {}],
    ['something else', { default: { name: 'acme', driver: MinimalDriver } }],
    ['null', { default: null }],
  ])('refuses a module with %s', async (_, module) => {
    const refused = loadPlugin('acme', async () => Promise.resolve(module));
    expect(await rejection(refused)).toMatchObject({
      code: 'plugin-invalid',
      message: 'the default export of acme is not what defineDriver() returns',
      details: { specifier: 'acme' },
    });
  });

  it('checks the plugin', async () => {
    const module = { default: aPlugin({ apiRange: '^2.0.0' }) };
    const refused = loadPlugin('acme', async () => Promise.resolve(module));
    expect(await rejection(refused)).toMatchObject({ code: 'plugin-api-mismatch' });
  });

  it.each([[new TypeError('x is undefined')], [undefined], ['a string']])(
    'keeps what a module threw while loading: %s',
    async (thrown) => {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- a module may throw anything
      const refused = loadPlugin('acme', async () => Promise.reject(thrown));
      const error = await rejection(refused);
      expect(error).toMatchObject({ name: 'PluginError', code: 'plugin-failed' });
      expect(String(error)).toMatch(/^PluginError: the package acme failed to load: /);
    },
  );
});

/** Imports as Node does, in a process of its own: jest's imports have errors of their own. */
async function importByNode(specifier: string, directory: string): Promise<never> {
  const program =
    `await import(${JSON.stringify(specifier)})` +
    '.catch(({ code, message }) => console.log(JSON.stringify({ code, message })))';
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: directory,
  });
  const { code, message } = JSON.parse(stdout) as { code: string; message: string };
  throw Object.assign(new Error(message), { code });
}

describe('loadPlugin of what Node cannot import', () => {
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'load-plugin-'));
    await writeFile(path.join(directory, 'needs-another.mjs'), "import 'acme-not-installed-either';\n");
    await writeFile(path.join(directory, 'throws.mjs'), "throw new Error('no licence found');\n");
    await writeFile(path.join(directory, 'broken.mjs'), 'export default {;\n');
  });
  afterAll(() => rm(directory, { recursive: true }));

  const url = (name: string): string => pathToFileURL(path.join(directory, name)).href;

  it.each<[string, () => string, string, RegExp]>([
    [
      'a package',
      () => 'acme-not-installed',
      'plugin-not-found',
      /no package acme-not-installed is installed/,
    ],
    [
      'a scoped package',
      () => '@acme/missing',
      'plugin-not-found',
      /check volume_driver, or npm install it$/,
    ],
    ["a package's subpath", () => '@acme/missing/driver.js', 'plugin-not-found', /no package @acme\/missing/],
    ['a path', () => path.join(directory, 'missing.mjs'), 'plugin-not-found', /no package .*missing\.mjs/],
    ['a file URL', () => url('missing.mjs'), 'plugin-not-found', /no package file:.*missing\.mjs/],
    ['what lacks a dependency', () => url('needs-another.mjs'), 'plugin-failed', /acme-not-installed-either/],
    ['what throws', () => url('throws.mjs'), 'plugin-failed', /failed to load: no licence found$/],
    ['what is no module', () => url('broken.mjs'), 'plugin-failed', /failed to load: Unexpected token/],
  ])('tells %s', async (_, specifier, code, message) => {
    const refused = loadPlugin(specifier(), async (name) => importByNode(name, directory));
    const error = (await rejection(refused)) as { code: string; message: string };
    expect(error).toMatchObject({ code, details: { specifier: specifier() } });
    expect(error.message).toMatch(message);
  });
});
