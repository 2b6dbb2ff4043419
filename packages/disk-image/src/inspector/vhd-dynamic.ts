import type { ByteWindow } from './byte-window.js';
import { quoted, type Findings } from './image-finding.js';
import { vhdChecksum } from './vhd-footer.js';

export const VHD_DYNAMIC_HEADER_LENGTH = 1024;

/** The header of a dynamic or differencing VHD. */
export interface VhdDynamicHeader {
  readonly blockSize: number;
  readonly tableEntries: number;
  /** Parent's name in a differencing disk. */
  readonly parentName: string;
}

const COOKIE = 'cxsparse';
const SIZE_MAX = 65535 * 255 * 255 * 512;

/** Reads and judges the dynamic header at `at`, for a disk of `virtualSize` bytes. */
export function judgeVhdDynamicHeader(
  window: ByteWindow,
  at: number,
  virtualSize: number,
  findings: Findings,
): VhdDynamicHeader | undefined {
  if (!window.has(at, VHD_DYNAMIC_HEADER_LENGTH)) {
    findings.add('truncated', `no dynamic disk header at ${at} in a file of ${window.size} bytes`);
    return undefined;
  }
  findings.when(
    window.latin1(at, COOKIE.length) !== COOKIE,
    'corrupt',
    `no dynamic disk header at ${at}: its cookie is missing`,
  );
  findings.when(
    window.u32be(at + 36) !== vhdChecksum(window.bytes(at, VHD_DYNAMIC_HEADER_LENGTH), 36),
    'bad-checksum',
    'checksum of the dynamic disk header',
  );
  const header = {
    blockSize: window.u32be(at + 32),
    tableEntries: window.u32be(at + 28),
    parentName: utf16be(window.bytes(at + 64, 512)),
  };
  judgeTable(window, window.u64be(at + 16), header, virtualSize, findings);
  judgeParent(window, at, header, findings);
  return header;
}

function judgeTable(
  window: ByteWindow,
  offset: number,
  { blockSize, tableEntries }: VhdDynamicHeader,
  virtualSize: number,
  findings: Findings,
): void {
  const powerOfTwo = blockSize >= 512 && Number.isInteger(Math.log2(blockSize));
  findings.bounds(powerOfTwo, 'block size', blockSize, 'a power of two, at least 512');
  findings.bounds(
    tableEntries * blockSize >= virtualSize && tableEntries * blockSize <= 2 * SIZE_MAX,
    'entries of the block allocation table',
    tableEntries,
    `as many as ${virtualSize} bytes need`,
  );
  findings.when(
    offset + tableEntries * 4 > window.size,
    'truncated',
    `the block allocation table ends at ${offset + tableEntries * 4}, the file at ${window.size}`,
  );
}

function judgeParent(window: ByteWindow, at: number, header: VhdDynamicHeader, findings: Findings): void {
  const uuid = window.bytes(at + 40, 16);
  const locators = window.bytes(at + 576, 8 * 24);
  const named = header.parentName !== '' || [...uuid, ...locators].some((byte) => byte !== 0);
  findings.when(
    named,
    'backing-file',
    `VHD parent ${quoted(header.parentName)}, UUID ${Buffer.from(uuid).toString('hex')}`,
  );
}

function utf16be(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).swap16().toString('utf16le');
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}
