import type { DriverPlugin } from '@scoria/core';
import { memoryPlugin } from '@scoria/testkit';
import { baseDirectoryOf, optionsFor, specifierOf } from './section-options.js';

const SECTION = { name: 'one', driver: '', options: { array_name: 'a', chap: 'b' }, optionsAreText: false };
const plugin: DriverPlugin = memoryPlugin;

describe('the options of a section', () => {
  it('stay as they are in scoria.yaml', () => {
    expect(optionsFor(plugin, SECTION)).toEqual({ options: { array_name: 'a', chap: 'b' }, ignored: [] });
  });

  it('are those that the driver knows in cinder.conf', () => {
    const options = { ...SECTION.options, constructor: 'c' };
    expect(optionsFor(plugin, { ...SECTION, options, optionsAreText: true })).toEqual({
      options: { array_name: 'a' },
      ignored: ['chap', 'constructor'],
    });
  });
});

it.each([
  ['@scoria/driver-local', '@scoria/driver-local'],
  ['./driver.js', 'file:///etc/scoria/driver.js'],
  ['../a b/#driver.js', 'file:///etc/a%20b/%23driver.js'],
  ['/opt/driver.js', 'file:///opt/driver.js'],
])('the driver %s is loaded as %s', (driver, expected) => {
  expect(specifierOf({ ...SECTION, driver }, '/etc/scoria')).toBe(expected);
});

it("paths are relative to the configuration's file, or the working directory where there is none", () => {
  expect(baseDirectoryOf({ file: '/etc/scoria/scoria.yaml' })).toBe('/etc/scoria');
  expect(baseDirectoryOf({})).toBe(process.cwd());
});
