import { DriverError, messageOf } from '@scoria/core';
import { isPlainName } from './file-names.js';
import { readSmallFile } from './small-file.js';

/**
 * The chain record beside a volume, in OpenStack Cinder's format: the file a guest opens, and for each snapshot
 * the file that holds what was written after it. The data of a snapshot is the backing file of its file.
 */
export interface ChainInfo {
  readonly active: string;
  /** Snapshot id (or `tmp-snap-<id>`) → file. */
  readonly snapshots: Readonly<Record<string, string>>;
}

/** Cinder's bytes: one-space indent, sorted keys, no newline at the end. */
export function formatInfo(info: ChainInfo): string {
  const record: Record<string, string> = { ...info.snapshots, active: info.active };
  const sorted = Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
  return JSON.stringify(sorted, undefined, 1);
}

/**
 * @param name the record's file name, for messages
 * @throws DriverError `damaged` for anything that is no map of plain file names with an active file
 */
export function parseInfo(text: string, name: string): ChainInfo {
  const record = parseRecord(text, name);
  const { active, ...snapshots } = record;
  if (active === undefined) throw damaged(name, "it has no 'active' file");
  return { active, snapshots };
}

function parseRecord(text: string, name: string): Record<string, string> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw damaged(name, `it is no JSON (${messageOf(cause)})`, cause);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw damaged(name, 'it is no JSON object');
  }
  for (const [key, value] of Object.entries(parsed)) {
    if (typeof value !== 'string' || !isPlainName(value)) {
      throw damaged(
        name,
        `'${key.slice(0, SHOWN_CHARACTERS)}' is ${shown(value)}, not the plain name of a file on the share`,
      );
    }
  }
  return parsed as Record<string, string>;
}

const SHOWN_CHARACTERS = 200;

/** A value from the record, for a message: it can be of any length. */
function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}...` : text;
}

function damaged(name: string, found: string, cause?: unknown): DriverError {
  return new DriverError({
    code: 'damaged',
    message:
      `the chain record ${name} is damaged: ${found}. Nothing was changed; restore the record from a backup, ` +
      `or remove it if the volume has no snapshots`,
    details: { file: name },
    cause,
  });
}

/** More than this is no chain record: 4,000 snapshots need 400 KB. */
const MAX_INFO_BYTES = 4 * 1024 * 1024;

/**
 * The record at `path`, or `undefined` where there is none: the volume has no snapshots then.
 * @throws DriverError `damaged`
 */
export async function readInfo(path: string, name: string): Promise<ChainInfo | undefined> {
  const text = await readSmallFile(path, MAX_INFO_BYTES);
  return text === undefined ? undefined : parseInfo(text, name);
}

/** The same record? Key order does not matter. */
export function sameInfo(a: ChainInfo | undefined, b: ChainInfo | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return formatInfo(a) === formatInfo(b);
}
