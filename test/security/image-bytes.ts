/** Edits of qcow2 headers, byte by byte, for what qemu-img would not make. */

const HEADER_LENGTH = 100;
const INCOMPATIBLE_FEATURES = 72;
const DATA_FILE_EXTENSION = 0x44415441;
const BACKING_NAME = 0x1000;

/** A copy of `image` after `edit`. */
export function edited(image: Buffer, edit: (copy: Buffer) => void): Buffer {
  const copy = Buffer.from(image);
  edit(copy);
  return copy;
}

/** Names a backing file without a look at what it names. */
export function withBackingName(image: Buffer, name: string): Buffer {
  return edited(image, (copy) => {
    copy.writeBigUInt64BE(BigInt(BACKING_NAME), 8);
    copy.writeUInt32BE(Buffer.byteLength(name), 16);
    copy.write(name, BACKING_NAME);
  });
}

/** Says that the guest's data are in another file. */
export function withDataFile(image: Buffer, name: string): Buffer {
  return edited(image, (copy) => {
    setIncompatibleBit(copy, 2);
    addExtension(copy, DATA_FILE_EXTENSION, name);
  });
}

export function withIncompatibleBit(image: Buffer, bit: number): Buffer {
  return edited(image, (copy) => setIncompatibleBit(copy, bit));
}

export function withUInt32(image: Buffer, offset: number, value: number): Buffer {
  return edited(image, (copy) => copy.writeUInt32BE(value, offset));
}

export function withVirtualSize(image: Buffer, bytes: number): Buffer {
  return edited(image, (copy) => copy.writeBigUInt64BE(BigInt(bytes), 24));
}

/** Puts the marks of an ISO 9660 disc where a disc has them. */
export function withDiscMarks(image: Buffer): Buffer {
  return edited(image, (copy) => {
    copy.write('\u0001CD001\u0001', 32 * 1024, 'latin1');
    copy.write('\u00ffCD001\u0001', 34 * 1024, 'latin1');
  });
}

/** A partition table with one Linux partition; the header must be a short one. */
export function withPartitionTable(image: Buffer): Buffer {
  return edited(image, (copy) => {
    copy.writeUInt8(0x83, 446 + 4);
    copy.writeUInt32LE(64, 446 + 8);
    copy.writeUInt32LE(1024, 446 + 12);
    copy.writeUInt16LE(0xaa55, 510);
  });
}

function setIncompatibleBit(image: Buffer, bit: number): void {
  const features = image.readBigUInt64BE(INCOMPATIBLE_FEATURES) | (1n << BigInt(bit));
  image.writeBigUInt64BE(features, INCOMPATIBLE_FEATURES);
}

function addExtension(image: Buffer, type: number, data: string): void {
  let at = image.readUInt32BE(HEADER_LENGTH);
  while (image.readUInt32BE(at) !== 0) at += 8 + Math.ceil(image.readUInt32BE(at + 4) / 8) * 8;
  image.writeUInt32BE(type, at);
  image.writeUInt32BE(Buffer.byteLength(data), at + 4);
  image.write(data, at + 8);
}
