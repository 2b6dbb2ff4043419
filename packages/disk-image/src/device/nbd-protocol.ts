/** The numbers of the NBD protocol that are used here, named as in its specification. */
export const NBD = {
  MAGIC: 0x4e42444d41474943n,
  OPTION_MAGIC: 0x49484156454f5054n,
  OPTION_REPLY_MAGIC: 0x0003e889045565a9n,
  REQUEST_MAGIC: 0x25609513,
  SIMPLE_REPLY_MAGIC: 0x67446698,
  STRUCTURED_REPLY_MAGIC: 0x668e33ef,

  FLAG_FIXED_NEWSTYLE: 1,
  FLAG_NO_ZEROES: 2,

  OPT_GO: 7,
  OPT_STRUCTURED_REPLY: 8,
  OPT_SET_META_CONTEXT: 10,

  REP_ACK: 1,
  REP_INFO: 3,
  REP_META_CONTEXT: 4,
  REP_ERROR: 0x80000000,

  INFO_EXPORT: 0,
  INFO_BLOCK_SIZE: 3,

  EXPORT_READ_ONLY: 1 << 1,

  CMD_READ: 0,
  CMD_WRITE: 1,
  CMD_DISC: 2,
  CMD_FLUSH: 3,
  CMD_WRITE_ZEROES: 6,
  CMD_BLOCK_STATUS: 7,

  REPLY_DONE: 1,
  REPLY_NONE: 0,
  REPLY_OFFSET_DATA: 1,
  REPLY_OFFSET_HOLE: 2,
  REPLY_BLOCK_STATUS: 5,
  REPLY_ERROR: 0x8000,

  STATE_ZERO: 2,

  ENOSPC: 28,
  ESHUTDOWN: 108,
} as const;

/** What each extent of a block status answer is about. */
export type NbdContext = 'base:allocation' | 'qemu:allocation-depth';

/** What the server said about the export. */
export interface NbdExport {
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  /** No request may move more. */
  readonly maxRequestBytes: number;
  readonly contexts: ReadonlyMap<number, NbdContext>;
}

export interface NbdRequest {
  readonly command: number;
  readonly handle: number;
  readonly offset: number;
  readonly length: number;
}

export function encodeRequest({ command, handle, offset, length }: NbdRequest): Buffer {
  const header = Buffer.alloc(28);
  header.writeUInt32BE(NBD.REQUEST_MAGIC, 0);
  header.writeUInt16BE(command, 6);
  header.writeBigUInt64BE(BigInt(handle), 8);
  header.writeBigUInt64BE(BigInt(offset), 16);
  header.writeUInt32BE(length, 24);
  return header;
}

export function encodeOption(option: number, data: Buffer): Buffer {
  const header = Buffer.alloc(16);
  header.writeBigUInt64BE(NBD.OPTION_MAGIC, 0);
  header.writeUInt32BE(option, 8);
  header.writeUInt32BE(data.length, 12);
  return Buffer.concat([header, data]);
}

/** A text with its length before it. */
export function encodeText(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([encodeNumber(bytes.length), bytes]);
}

export function encodeNumber(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
