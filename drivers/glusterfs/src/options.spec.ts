import { describeOptions, OptionsError, validateOptions } from '@scoria/core';
import type { OptionRow } from '@scoria/core';
import { readFile } from 'node:fs/promises';
import { mountOptionsOf, GLUSTERFS_OPTIONS } from './options.js';

const subject = 'backend glusterfs';

const DEFAULTS = {
  max_over_subscription_ratio: 20,
  nas_secure_file_permissions: 'auto',
  glusterfs_qcow2_volumes: false,
  glusterfs_shares_config: '/etc/cinder/glusterfs_shares',
  glusterfs_sparsed_volumes: true,
  reserved_percentage: 0,
  volume_name_template: 'volume-%s',
};

it('has a default for every option that needs a value', () => {
  expect(validateOptions(GLUSTERFS_OPTIONS, {}, { subject })).toEqual(DEFAULTS);
});

it('takes the words of an INI file for what they mean', () => {
  const text = {
    glusterfs_sparsed_volumes: 'False',
    glusterfs_qcow2_volumes: 'on',
    max_over_subscription_ratio: '1.5',
  };
  expect(validateOptions(GLUSTERFS_OPTIONS, text, { subject, fromText: true })).toEqual({
    ...DEFAULTS,
    glusterfs_sparsed_volumes: false,
    glusterfs_qcow2_volumes: true,
    max_over_subscription_ratio: 1.5,
  });
});

it.each<[string, Record<string, unknown>, string, string]>([
  [
    'a name that is misspelt',
    { glusterfs_share_config: '/etc/shares' },
    'glusterfs_share_config',
    'there is no such option; the nearest name is glusterfs_shares_config',
  ],
  [
    'a boolean for a list of options',
    { glusterfs_mount_options: true },
    'glusterfs_mount_options',
    'must be string, but is true',
  ],
  [
    'a number for a boolean',
    { glusterfs_qcow2_volumes: 1 },
    'glusterfs_qcow2_volumes',
    'must be boolean, but is 1',
  ],
  [
    'a ratio below 1',
    { max_over_subscription_ratio: 0.5 },
    'max_over_subscription_ratio',
    'must be >= 1, but is 0.5',
  ],
])('refuses %s, and says which option it is', (_what, options, option, reason) => {
  const validate = (): unknown => validateOptions(GLUSTERFS_OPTIONS, options, { subject });
  expect(validate).toThrow(OptionsError);
  expect(validate).toThrow(`${option}: ${reason}`);
});

it.each<[string | undefined, string[]]>([
  [undefined, []],
  ['', []],
  [' ', []],
  ['acl', ['acl']],
  ['acl, log-level=INFO', ['acl', 'log-level=INFO']],
  ['log-level=INFO,', ['log-level=INFO', '']],
])('reads the mount options %j one by one', (text, options) => {
  expect(mountOptionsOf(text === undefined ? {} : { glusterfs_mount_options: text })).toEqual(options);
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
  expect(await documentedRows()).toEqual(describeOptions(GLUSTERFS_OPTIONS).map(rowOf));
});
