/** Small valid images, built by hand, for the specs beside this file to change byte by byte. */

const KIB = 1024;

/** What a sample differs in from a plain 1 GiB qcow2 version 3. */
export interface Qcow2SampleOptions {
  readonly backingFile?: string;
  /** Where the name stands; behind the extensions unless given. */
  readonly backingFileOffset?: number;
  readonly clusterBits?: number;
  readonly virtualSize?: number;
  readonly extensions?: readonly { readonly type: number; readonly data: string }[];
}

/** A qcow2 with header, refcount table and L1 table, four clusters long. */
export function sampleQcow2(options: Qcow2SampleOptions = {}): Buffer {
  const { clusterBits = 16, virtualSize = 1024 * KIB * KIB, extensions = [] } = options;
  const cluster = 2 ** clusterBits;
  const image = Buffer.alloc(4 * cluster);
  image.writeUInt32BE(0x514649fb, 0);
  image.writeUInt32BE(3, 4);
  image.writeUInt32BE(clusterBits, 20);
  image.writeBigUInt64BE(BigInt(virtualSize), 24);
  image.writeUInt32BE(Math.ceil(virtualSize / (cluster * (cluster / 8))), 36);
  image.writeBigUInt64BE(BigInt(3 * cluster), 40);
  image.writeBigUInt64BE(BigInt(cluster), 48);
  image.writeUInt32BE(1, 56);
  image.writeUInt32BE(4, 96);
  image.writeUInt32BE(112, 100);
  const end = writeExtensions(image, 112, extensions);
  const { backingFile, backingFileOffset = end } = options;
  if (backingFile !== undefined) {
    image.writeBigUInt64BE(BigInt(backingFileOffset), 8);
    image.writeUInt32BE(Buffer.byteLength(backingFile), 16);
    image.write(backingFile, backingFileOffset);
  }
  return image;
}

/** Descriptor text of a monolithicSparse VMDK, with `extra` lines behind its own. */
export function sampleVmdkDescriptor(createType = 'monolithicSparse', ...extra: string[]): string {
  return [
    '# Disk DescriptorFile',
    'version=1',
    'CID=12345678',
    'parentCID=ffffffff',
    `createType="${createType}"`,
    ...extra,
    '',
  ].join('\n');
}

export const SAMPLE_EXTENT = 'RW 8192 SPARSE "disk.vmdk"';

/** A sparse VMDK of 4 MiB with this descriptor in 20 sectors. */
export function sampleVmdk(descriptor = sampleVmdkDescriptor('monolithicSparse', SAMPLE_EXTENT)): Buffer {
  const image = Buffer.alloc(64 * KIB);
  image.write('KDMV');
  image.writeUInt32LE(1, 4);
  image.writeBigUInt64LE(8192n, 12);
  image.writeBigUInt64LE(128n, 20);
  image.writeBigUInt64LE(1n, 28);
  image.writeBigUInt64LE(20n, 36);
  image.writeUInt32LE(512, 44);
  image.writeBigUInt64LE(26n, 56);
  image.write(descriptor, 512);
  return image;
}

/** Makes the first sector a partition table with one Linux partition. */
export function addMbr(image: Buffer, partitionType = 0x83): Buffer {
  image.writeUInt8(partitionType, 446 + 4);
  image.writeUInt32LE(2048, 446 + 8);
  image.writeUInt32LE(4096, 446 + 12);
  image.writeUInt16LE(0xaa55, 510);
  return image;
}

/** Puts volume descriptors where a disc has them: ISO 9660, or with `mark` another. */
export function addDiscMark(image: Buffer, mark = 'CD001', index = 0): Buffer {
  image.write(`\x01${mark}\x01`, 32 * KIB + index * 2048, 'latin1');
  return image;
}

function writeExtensions(
  image: Buffer,
  start: number,
  extensions: readonly { readonly type: number; readonly data: string }[],
): number {
  let at = start;
  for (const { type, data } of extensions) {
    image.writeUInt32BE(type, at);
    image.writeUInt32BE(data.length, at + 4);
    image.write(data, at + 8, 'latin1');
    at += 8 + Math.ceil(data.length / 8) * 8;
  }
  // The end mark is an extension of type 0.
  return at + 8;
}
