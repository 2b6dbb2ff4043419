import type { ByteWindow } from './byte-window.js';
import { readQcow2Extensions, type Qcow2ExtensionWalk } from './qcow2-extensions.js';

/** The header of a qcow2 image, as docs/interop/qcow2.txt of QEMU describes it. Sizes in bytes. */
export interface Qcow2Header {
  readonly kind: 'qcow2';
  readonly version: number;
  readonly headerLength: number;
  readonly virtualSize: number;
  readonly clusterBits: number;
  /** 0 when `clusterBits` is out of bounds. */
  readonly clusterSize: number;
  /** 0 none, 1 AES, 2 LUKS. */
  readonly cryptMethod: number;
  readonly l1Entries: number;
  readonly l1Offset: number;
  readonly refcountTableOffset: number;
  readonly refcountTableClusters: number;
  /** A refcount has `1 << refcountOrder` bits. */
  readonly refcountOrder: number;
  readonly snapshotCount: number;
  readonly snapshotTableOffset: number;
  /** Numbers of the bits that are set. */
  readonly incompatibleBits: readonly number[];
  readonly compatibleBits: readonly number[];
  readonly autoclearBits: readonly number[];
  readonly dirty: boolean;
  readonly corrupt: boolean;
  readonly lazyRefcounts: boolean;
  readonly extendedL2: boolean;
  /** 0 zlib, 1 zstd. */
  readonly compressionType: number;
  readonly backingFileOffset: number;
  readonly backingFileLength: number;
  /** Name of the backing file; `undefined` without one, or when its place is out of bounds. */
  readonly backingFile: string | undefined;
  /** Format recorded for the backing file (header extension 0xE2792ACA). */
  readonly backingFormat: string | undefined;
  /** Name of the external data file (header extension 0x44415441). */
  readonly dataFile: string | undefined;
  readonly extensionWalk: Qcow2ExtensionWalk;
}

/** Bits of the incompatible feature field. */
export const QCOW2_DIRTY = 0;
export const QCOW2_CORRUPT = 1;
export const QCOW2_DATA_FILE = 2;
export const QCOW2_COMPRESSION = 3;
export const QCOW2_EXTENDED_L2 = 4;

export const QCOW2_BACKING_NAME_MAX = 1023;
export const QCOW2_CLUSTER_BITS_MIN = 9;
export const QCOW2_CLUSTER_BITS_MAX = 21;

const MAGIC = 0x514649fb;
const V2_LENGTH = 72;
const EXTENSION_BACKING_FORMAT = 0xe2792aca;
const EXTENSION_DATA_FILE = 0x44415441;

/** Whether the bytes start as a qcow2 (or its predecessor qcow) image. */
export function isQcow2(window: ByteWindow): boolean {
  return window.u32be(0) === MAGIC;
}

/** Parses the header; fields that are out of bounds are kept as they are, for the judge. */
export function parseQcow2Header(window: ByteWindow): Qcow2Header {
  const fixed = fixedFields(window);
  const optional = versionedFields(window, fixed.version);
  const area = extensionArea(optional.headerLength, fixed);
  const extensionWalk = readQcow2Extensions(window, area.start, area.end);
  const text = (type: number): string | undefined => {
    const found = extensionWalk.extensions.find((extension) => extension.type === type);
    return found && utf8(window.bytes(found.offset, found.length));
  };
  return {
    kind: 'qcow2',
    ...fixed,
    ...optional,
    backingFile: qcow2BackingNameInBounds(fixed)
      ? utf8(window.bytes(fixed.backingFileOffset, fixed.backingFileLength))
      : undefined,
    backingFormat: text(EXTENSION_BACKING_FORMAT),
    dataFile: text(EXTENSION_DATA_FILE),
    extensionWalk,
  };
}

/** Whether the name lies in the first cluster and is no longer than the format allows. */
export function qcow2BackingNameInBounds(
  header: Pick<Qcow2Header, 'backingFileOffset' | 'backingFileLength' | 'clusterSize'>,
): boolean {
  const { backingFileOffset: offset, backingFileLength: length } = header;
  return (
    offset >= V2_LENGTH &&
    length >= 1 &&
    length <= QCOW2_BACKING_NAME_MAX &&
    offset + length <= header.clusterSize
  );
}

function fixedFields(window: ByteWindow) {
  const clusterBits = window.u32be(20);
  const plausible = clusterBits >= QCOW2_CLUSTER_BITS_MIN && clusterBits <= QCOW2_CLUSTER_BITS_MAX;
  return {
    version: window.u32be(4),
    backingFileOffset: window.u64be(8),
    backingFileLength: window.u32be(16),
    clusterBits,
    clusterSize: plausible ? 2 ** clusterBits : 0,
    virtualSize: window.u64be(24),
    cryptMethod: window.u32be(32),
    l1Entries: window.u32be(36),
    l1Offset: window.u64be(40),
    refcountTableOffset: window.u64be(48),
    refcountTableClusters: window.u32be(56),
    snapshotCount: window.u32be(60),
    snapshotTableOffset: window.u64be(64),
  };
}

/** The fields version 2 does not have, with the values it implies. */
function versionedFields(window: ByteWindow, version: number) {
  const v3 = version >= 3;
  const bits = (offset: number): number[] => (v3 ? setBits(window, offset) : []);
  const incompatibleBits = bits(72);
  const compatibleBits = bits(80);
  const headerLength = v3 ? window.u32be(100) : V2_LENGTH;
  return {
    headerLength,
    incompatibleBits,
    compatibleBits,
    autoclearBits: bits(88),
    dirty: incompatibleBits.includes(QCOW2_DIRTY),
    corrupt: incompatibleBits.includes(QCOW2_CORRUPT),
    extendedL2: incompatibleBits.includes(QCOW2_EXTENDED_L2),
    lazyRefcounts: compatibleBits.includes(0),
    refcountOrder: v3 ? window.u32be(96) : 4,
    compressionType: v3 && headerLength > 104 ? window.u8(104) : 0,
  };
}

/** Extensions reach to the backing file name, or to the end of the first cluster. */
function extensionArea(
  headerLength: number,
  header: { readonly backingFileOffset: number; readonly clusterSize: number },
): { start: number; end: number } {
  const { backingFileOffset: name, clusterSize } = header;
  return { start: headerLength, end: name > 0 && name < clusterSize ? name : clusterSize };
}

function setBits(window: ByteWindow, offset: number): number[] {
  const words = [window.u32be(offset + 4), window.u32be(offset)];
  return words.flatMap((word, index) => (word === 0 ? [] : setBitsOfWord(word, index * 32)));
}

function setBitsOfWord(word: number, first: number): number[] {
  const bits = Array.from({ length: 32 }, (_, bit) => bit);
  return bits.filter((bit) => (word >>> bit) & 1).map((bit) => first + bit);
}

function utf8(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
