import type { ByteWindow } from './byte-window.js';

/** The 512-byte footer of a VHD ("Virtual Hard Disk Image Format Specification", 2006). */
export interface VhdFooter {
  /** Where this copy was found, in bytes. */
  readonly at: number;
  /** 2 fixed, 3 dynamic, 4 differencing. */
  readonly type: number;
  /** Size of the disk by the footer, in bytes. */
  readonly currentSize: number;
  /** Size of the disk by its cylinders, heads and sectors, in bytes. */
  readonly geometrySize: number;
  readonly creator: string;
  /** Offset of the dynamic disk header. */
  readonly dataOffset: number;
  readonly checksumValid: boolean;
}

export const VHD_FOOTER_LENGTH = 512;

const COOKIE = 'conectix';
const CHECKSUM_OFFSET = 64;
const GEOMETRY_MAX = 65535 * 16 * 255 * 512;
// Creators that keep the exact size in the footer; others mean the geometry.
const EXACT_CREATORS = ['win ', 'qem2', 'd2v ', 'tap\0', 'CTXS', 'wa\0\0'];

/** The copies of the footer: at the start (dynamic disks) and at the end, in this order. */
export function readVhdFooters(window: ByteWindow): VhdFooter[] {
  return footerOffsets(window.size)
    .filter((offset) => window.latin1(offset, COOKIE.length) === COOKIE)
    .map((offset) => parseFooter(window, offset));
}

/** The size QEMU gives the disk: by the geometry, unless the creator is known to be exact. */
export function vhdVirtualSize(footer: VhdFooter): number {
  const exact = EXACT_CREATORS.includes(footer.creator) || footer.geometrySize === GEOMETRY_MAX;
  return exact ? footer.currentSize : footer.geometrySize;
}

/** Old writers made a footer of 511 bytes, so the end may be off the sector. */
function footerOffsets(size: number): number[] {
  if (!Number.isFinite(size)) {
    return [0];
  }
  const rounded = Math.ceil(size / 512) * 512;
  return [...new Set([0, rounded - VHD_FOOTER_LENGTH, size - VHD_FOOTER_LENGTH])].filter(
    (offset) => offset >= 0,
  );
}

function parseFooter(window: ByteWindow, at: number): VhdFooter {
  const cylinders = window.u16be(at + 56);
  return {
    at,
    type: window.u32be(at + 60),
    currentSize: window.u64be(at + 48),
    geometrySize: cylinders * window.u8(at + 58) * window.u8(at + 59) * 512,
    creator: window.latin1(at + 28, 4),
    dataOffset: window.u64be(at + 16),
    checksumValid:
      window.u32be(at + CHECKSUM_OFFSET) ===
      vhdChecksum(window.bytes(at, VHD_FOOTER_LENGTH), CHECKSUM_OFFSET),
  };
}

/** One's complement of the sum of all bytes but the four of the checksum itself. */
export function vhdChecksum(bytes: Uint8Array, checksumOffset: number): number {
  let sum = 0;
  bytes.forEach((byte, index) => {
    sum += index >= checksumOffset && index < checksumOffset + 4 ? 0 : byte;
  });
  return ~sum >>> 0;
}
