import type { ByteWindow } from './byte-window.js';
import { crc32c } from './crc32c.js';

const KIB = 1024;

// Places of the structures in the file ([MS-VHDX] 2.2).
export const VHDX_HEADERS = [64 * KIB, 128 * KIB] as const;
export const VHDX_HEADER_LENGTH = 4 * KIB;
export const VHDX_REGION_TABLES = [192 * KIB, 256 * KIB] as const;
/** Regions and metadata items stand behind the first MiB, and items behind their 64 KiB table. */
export const VHDX_REGION_OFFSET_MIN = 1024 * KIB;
export const VHDX_ITEMS_OFFSET_MIN = 64 * KIB;
/** As much of a table as is read: its head and 127 entries. Two and six are in use. */
export const VHDX_TABLE_LENGTH = 4 * KIB;
export const VHDX_TABLE_ENTRIES_MAX = 127;
/** As much of the metadata items as is read. */
export const VHDX_ITEMS_LENGTH = 4 * KIB;

const ENTRY_LENGTH = 32;

/** One of the two headers. */
export interface VhdxHeader {
  readonly sequence: number;
  /** Whether a log is to be replayed when the image is opened. */
  readonly hasLog: boolean;
}

/** An entry of the region table, or of the metadata table within its region. */
export interface VhdxEntry {
  readonly guid: string;
  readonly offset: number;
  readonly length: number;
  readonly required: boolean;
}

/** A table; `count` is what its head says, `entries` at most what is read. */
export interface VhdxTable {
  readonly valid: boolean;
  readonly count: number;
  readonly entries: readonly VhdxEntry[];
}

/** The header in use: of those with a valid checksum, the one with the higher sequence number. */
export function currentVhdxHeader(window: ByteWindow): VhdxHeader | undefined {
  const headers = VHDX_HEADERS.filter((at) => isValidHeader(window, at)).map((at) => ({
    sequence: window.u64le(at + 8),
    hasLog: window.bytes(at + 48, 16).some((byte) => byte !== 0),
  }));
  return headers.sort((one, other) => other.sequence - one.sequence)[0];
}

export function readRegionTable(window: ByteWindow, at: number): VhdxTable {
  return {
    valid: window.latin1(at, 4) === 'regi',
    count: window.u32le(at + 8),
    entries: entryOffsets(at, 16, window.u32le(at + 8)).map((entry) => ({
      guid: guidAt(window, entry),
      offset: window.u64le(entry + 16),
      length: window.u32le(entry + 24),
      required: (window.u32le(entry + 28) & 1) !== 0,
    })),
  };
}

export function readMetadataTable(window: ByteWindow, at: number): VhdxTable {
  return {
    valid: window.latin1(at, 8) === 'metadata',
    count: window.u16le(at + 10),
    entries: entryOffsets(at, 32, window.u16le(at + 10)).map((entry) => ({
      guid: guidAt(window, entry),
      offset: window.u32le(entry + 16),
      length: window.u32le(entry + 20),
      required: (window.u32le(entry + 24) & 4) !== 0,
    })),
  };
}

function isValidHeader(window: ByteWindow, at: number): boolean {
  const bytes = Uint8Array.from(window.bytes(at, VHDX_HEADER_LENGTH));
  bytes.fill(0, 4, 8);
  return window.latin1(at, 4) === 'head' && crc32c(bytes) === window.u32le(at + 4);
}

function entryOffsets(at: number, headLength: number, count: number): number[] {
  const most = Math.min(count, Math.floor((VHDX_TABLE_LENGTH - headLength) / ENTRY_LENGTH));
  return Array.from({ length: most }, (_, index) => at + headLength + index * ENTRY_LENGTH);
}

/** A GUID in its text form: the first three groups are little endian. */
function guidAt(window: ByteWindow, at: number): string {
  const hex = (offset: number, length: number): string =>
    Buffer.from(window.bytes(at + offset, length)).toString('hex');
  const number = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
  return [
    number(window.u32le(at), 8),
    number(window.u16le(at + 4), 4),
    number(window.u16le(at + 6), 4),
    hex(8, 2),
    hex(10, 6),
  ].join('-');
}
