import { UsageError } from '../usage-error.js';

const GIB = 1024 ** 3;
/** More bytes are no exact number any more. */
const MOST_GIB = 2 ** 53 / GIB - 1;

/** Bytes as GiB, as the API has them: whole, rounded up. */
export function toGib(bytes: number): number {
  return Math.ceil(bytes / GIB);
}

/** A size in whole GiB as it was typed, in bytes. */
export function parseGib(text: string): number {
  if (/^[1-9]\d*$/.test(text)) return wholeGib(text);
  const hint = /^\d+(\.\d+)?\s*(g|gb|gib|t|tb|tib|m|mb|mib)$/i.test(text) ? '; leave the unit out' : '';
  throw new UsageError(`a size must be a whole number of GiB from 1, and is ${JSON.stringify(text)}${hint}`);
}

function wholeGib(text: string): number {
  if (Number(text) <= MOST_GIB) return Number(text) * GIB;
  throw new UsageError(`a size must be at most ${String(MOST_GIB)} GiB, and is ${text}`);
}

/** A number of bytes as it was typed. */
export function parseBytes(text: string): number {
  const bytes = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (Number.isSafeInteger(bytes)) return bytes;
  throw new UsageError(`an offset must be a whole number of bytes from 0, and is ${JSON.stringify(text)}`);
}

/** A quota as it was typed: -1 is no limit. */
export function parseLimit(text: string): number {
  if (/^(-1|\d{1,12})$/.test(text)) return Number(text);
  throw new UsageError(`a limit must be a whole number, or -1 for none, and is ${JSON.stringify(text)}`);
}
