import type { Configuration } from '../configuration.js';
import { isDatabaseUrl } from './database-url.js';
import { NOVA_DEFINITIONS } from './nova-definitions.js';
import type { Parse, SettingDefinition } from './setting-definition.js';
import { oneOf, text, whole } from './setting-definition.js';

/** The names in a list, or in text that has commas between them; `undefined` where it is neither, or one is twice. */
export function namesIn(value: unknown): readonly string[] | undefined {
  const list = typeof value === 'string' ? value.split(',') : value;
  if (!Array.isArray(list) || !list.every((item) => typeof item === 'string')) return undefined;
  const trimmed = list.map((item) => item.trim()).filter((item) => item !== '');
  return new Set(trimmed).size === trimmed.length ? trimmed : undefined;
}

const address: Parse = (value) => {
  const found =
    typeof value === 'string' ? /^(\[[0-9a-fA-F:.]+\]|[^\s:[\]]+):(\d{1,5})$/.exec(value.trim()) : null;
  const port = Number(found?.[2]);
  if (found === null || port > 65_535) return undefined;
  return { host: found[1]?.replace(/^\[|\]$/g, ''), port };
};

const database: Parse = (value) => (typeof value === 'string' && isDatabaseUrl(value) ? value : undefined);

const level = oneOf('error', 'warn', 'info', 'debug');

const COUNT = 'a whole number, or -1 for no limit';

/** The settings that are of no backend. Names that Cinder has are Cinder's. */
export const GENERAL_SETTINGS: readonly SettingDefinition[] = [
  {
    name: 'state_path',
    expected: 'a directory',
    parse: text,
    description: 'Holds the database, the locks and what backends keep on this host. Relative to the file.',
  },
  {
    name: 'enabled_backends',
    expected: 'a list of different names',
    parse: namesIn,
    description: 'The backends to run, each with a section of its name.',
  },
  {
    name: 'default_volume_type',
    expected: "a volume type's name",
    parse: text,
    description: 'The type of volumes that are made without one.',
  },
  {
    name: 'quota_volumes',
    expected: COUNT,
    parse: whole(-1),
    description: 'How many volumes a project may have.',
  },
  {
    name: 'quota_snapshots',
    expected: COUNT,
    parse: whole(-1),
    description: 'How many snapshots a project may have.',
  },
  {
    name: 'quota_gigabytes',
    expected: COUNT,
    parse: whole(-1),
    description: 'How many GiB volumes and snapshots of a project may have together.',
  },
  {
    name: 'database.connection',
    expected: 'sqlite:/absolute/path or postgresql://user@host/database',
    parse: database,
    description: 'Where the records are; SQLite in the state directory unless told.',
  },
  { name: 'listen', expected: 'HOST:PORT', parse: address, description: 'Where the manager answers HTTP.' },
  {
    name: 'backend_concurrency',
    expected: 'a whole number from 1',
    parse: whole(1),
    description: 'How many operations run at a time on one backend.',
  },
  {
    name: 'backend_stats_polling_interval',
    expected: 'a whole number of seconds from 3',
    parse: whole(3),
    description: 'How often backends are asked for their statistics.',
  },
  {
    name: 'log_level',
    expected: 'error, warn, info or debug',
    parse: level,
    description: 'What is logged to standard error.',
  },
  ...NOVA_DEFINITIONS,
];

export const DEFAULT_LISTEN: Configuration['listen'] = { host: '127.0.0.1', port: 8776 };
export const DEFAULT_CONCURRENCY = 16;
export const DEFAULT_STATS_SECONDS = 60;
export const DEFAULT_LOG_LEVEL: Configuration['logLevel'] = 'info';
export const NO_LIMIT = -1;
