import type { ByteWindow } from './byte-window.js';
import type { Findings } from './image-finding.js';

/** Header of a sparse VMDK extent ("Virtual Disk Format 5.0"). Offsets and sizes in bytes. */
export interface VmdkSparseHeader {
  readonly version: number;
  readonly capacity: number;
  readonly grainSize: number;
  readonly descriptorOffset: number;
  readonly descriptorSize: number;
  readonly grainTableEntries: number;
  /** Whether the grain directory is named by a footer at the end instead. */
  readonly directoryAtEnd: boolean;
  readonly compressed: boolean;
}

/** Longest descriptor that is read. QEMU writes 10 KiB and VMware's limit is similar. */
export const VMDK_DESCRIPTOR_MAX = 64 * 1024;

const SECTOR = 512;
const MAGIC = 'KDMV';
const FOOTER_FROM_END = 2 * SECTOR;
const ALL_ONES = 0xffffffff;

// QEMU's limits (block/vmdk.c).
const GRAIN_SIZE_MAX = 1024 * 1024 * 1024;
const GRAIN_TABLE_ENTRIES_MAX = 512;
const GRAIN_TABLES_MAX = 32 * 1024 * 1024;

export function isVmdkSparse(window: ByteWindow, at = 0): boolean {
  return window.latin1(at, MAGIC.length) === MAGIC;
}

export function parseVmdkHeader(window: ByteWindow, at: number): VmdkSparseHeader {
  return {
    version: window.u32le(at + 4),
    capacity: window.u64le(at + 12) * SECTOR,
    grainSize: window.u64le(at + 20) * SECTOR,
    descriptorOffset: window.u64le(at + 28) * SECTOR,
    descriptorSize: window.u64le(at + 36) * SECTOR,
    grainTableEntries: window.u32le(at + 44),
    directoryAtEnd: window.u32le(at + 56) === ALL_ONES && window.u32le(at + 60) === ALL_ONES,
    compressed: window.u16le(at + 77) === 1,
  };
}

/** Offset of the footer of a streamOptimized image: before the last sector. */
export function vmdkFooterOffset(size: number): number {
  return Math.ceil(size / SECTOR) * SECTOR - FOOTER_FROM_END;
}

export function judgeVmdkHeader(header: VmdkSparseHeader, where: string, findings: Findings): void {
  const { version, capacity, grainSize, grainTableEntries } = header;
  findings.when(
    version < 1 || version > 3,
    'unknown-version',
    `version ${version} in the VMDK ${where}; known are 1 to 3`,
  );
  findings.bounds(
    Number.isInteger(Math.log2(grainSize)) && grainSize >= SECTOR && grainSize <= GRAIN_SIZE_MAX,
    `grain size in the ${where}`,
    grainSize,
    'a power of two, 512 bytes to 1 GiB',
  );
  findings.bounds(
    grainTableEntries >= 1 && grainTableEntries <= GRAIN_TABLE_ENTRIES_MAX,
    `grain table entries in the ${where}`,
    grainTableEntries,
    `1 to ${GRAIN_TABLE_ENTRIES_MAX}`,
  );
  // With no capacity QEMU reads the embedded descriptor as that of other files.
  findings.bounds(
    capacity > 0 && capacity / (grainSize * grainTableEntries) <= GRAIN_TABLES_MAX,
    `capacity in the ${where}`,
    capacity,
    `more than 0, and at most ${GRAIN_TABLES_MAX} grain tables`,
  );
}

/** The descriptor of a single-file image stands in the second sector; QEMU looks for it only there. */
export function judgeVmdkDescriptorPlace(header: VmdkSparseHeader, findings: Findings): void {
  const { descriptorOffset: offset, descriptorSize: size } = header;
  findings.bounds(
    offset === SECTOR && size > 0 && size <= VMDK_DESCRIPTOR_MAX,
    'place of the descriptor',
    `${size} bytes at ${offset}`,
    `up to ${VMDK_DESCRIPTOR_MAX} bytes at ${SECTOR}`,
  );
}
