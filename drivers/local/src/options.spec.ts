import { describeOptions, OptionsError, validateOptions } from '@scoria/core';
import type { OptionRow } from '@scoria/core';
import { readFile } from 'node:fs/promises';
import { LOCAL_OPTIONS } from './options.js';

const PATH = { local_volumes_path: '/srv/volumes' };
const subject = 'backend local';

const DEFAULTS = {
  local_volume_format: 'raw',
  local_volume_preallocated: false,
  max_over_subscription_ratio: 20,
  nas_secure_file_permissions: 'auto',
  reserved_percentage: 0,
  volume_name_template: 'volume-%s',
};

it('needs a path, and has a default for all else', () => {
  expect(validateOptions(LOCAL_OPTIONS, PATH, { subject })).toEqual({ ...PATH, ...DEFAULTS });
});

it('takes the words of an INI file for what they mean', () => {
  const text = {
    ...PATH,
    local_volume_preallocated: 'True',
    nas_secure_file_permissions: 'false',
    reserved_percentage: '5',
  };
  const options = validateOptions(LOCAL_OPTIONS, text, { subject, fromText: true });
  expect(options).toEqual({
    ...PATH,
    ...DEFAULTS,
    local_volume_preallocated: true,
    nas_secure_file_permissions: 'false',
    reserved_percentage: 5,
  });
});

it.each<[string, Record<string, unknown>, string, string]>([
  ['no path', {}, 'local_volumes_path', 'is required and not set'],
  [
    'an empty path',
    { local_volumes_path: '' },
    'local_volumes_path',
    'must NOT have fewer than 1 characters, but is ""',
  ],
  [
    'a name that is misspelt',
    { ...PATH, local_volume_fromat: 'raw' },
    'local_volume_fromat',
    'there is no such option; the nearest name is local_volume_format',
  ],
  [
    'a format that no volume has',
    { ...PATH, local_volume_format: 'vmdk' },
    'local_volume_format',
    'must be "raw" or "qcow2", but is "vmdk"',
  ],
  [
    'more than all of it in reserve',
    { ...PATH, reserved_percentage: 101 },
    'reserved_percentage',
    'must be <= 100, but is 101',
  ],
  [
    'text for a boolean',
    { ...PATH, local_volume_preallocated: 'yes' },
    'local_volume_preallocated',
    'must be boolean, but is "yes"',
  ],
])('refuses %s, and says which option it is', (_what, options, option, reason) => {
  const validate = (): unknown => validateOptions(LOCAL_OPTIONS, options, { subject });
  expect(validate).toThrow(OptionsError);
  expect(validate).toThrow(`${option}: ${reason}`);
});

/** The README's rows of options, whatever the width of its columns. */
async function documentedRows(): Promise<string[][]> {
  const text = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const rows = text.split('\n').filter((line) => line.startsWith('| `'));
  return rows.map((row) => cellsOf(row.slice(1, -1)));
}

function cellsOf(row: string): string[] {
  return row.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'));
}

function rowOf({ name, type, required, default: value, description }: OptionRow): string[] {
  const types = [...new Set(type.split(' | '))].join(' | ');
  const preset =
    value === undefined ? '' : `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
  return [`\`${name}\``, types, required ? 'required' : preset, description];
}

it('is documented in the README as it is', async () => {
  expect(await documentedRows()).toEqual(describeOptions(LOCAL_OPTIONS).map(rowOf));
});
