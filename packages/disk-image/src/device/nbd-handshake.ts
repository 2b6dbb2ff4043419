import { MIB } from '@scoria/core';

import type { ByteStream } from './byte-stream.js';
import {
  NBD,
  encodeNumber,
  encodeOption,
  encodeText,
  type NbdContext,
  type NbdExport,
} from './nbd-protocol.js';

/** What every server takes when it does not say how much. */
const DEFAULT_MAX_REQUEST_BYTES = 32 * MIB;
const MAX_OPTION_REPLY_BYTES = 64 * 1024;
const DEFAULT_EXPORT = '';

interface OptionReply {
  readonly type: number;
  readonly data: Buffer;
}

/**
 * Opens the default export: fixed newstyle, structured replies, and the block status contexts asked for. Rejects
 * when the server cannot do one of these, or does not keep to the protocol.
 */
export async function negotiate(stream: ByteStream, contexts: readonly NbdContext[]): Promise<NbdExport> {
  const greeting = await stream.read(18);
  const known = greeting.readBigUInt64BE(0) === NBD.MAGIC && greeting.readBigUInt64BE(8) === NBD.OPTION_MAGIC;
  if (!known || (greeting.readUInt16BE(16) & NBD.FLAG_FIXED_NEWSTYLE) === 0) {
    throw new Error('the server does not speak the NBD protocol');
  }
  stream.write(encodeNumber(NBD.FLAG_FIXED_NEWSTYLE | NBD.FLAG_NO_ZEROES));
  await option(stream, NBD.OPT_STRUCTURED_REPLY, Buffer.alloc(0));
  const ids = await chooseContexts(stream, contexts);
  return { ...(await openExport(stream)), contexts: ids };
}

async function chooseContexts(
  stream: ByteStream,
  contexts: readonly NbdContext[],
): Promise<Map<number, NbdContext>> {
  const queries = contexts.map((context) => encodeText(context));
  const data = Buffer.concat([encodeText(DEFAULT_EXPORT), encodeNumber(queries.length), ...queries]);
  const replies = await option(stream, NBD.OPT_SET_META_CONTEXT, data);
  const ids = new Map<number, NbdContext>();
  for (const reply of replies.filter(({ type }) => type === NBD.REP_META_CONTEXT)) {
    const name = reply.data.toString('utf8', 4);
    const context = contexts.find((wanted) => wanted === name);
    if (context !== undefined) ids.set(reply.data.readUInt32BE(0), context);
  }
  if (ids.size < contexts.length) throw new Error(`the server does not know all of ${contexts.join(', ')}`);
  return ids;
}

async function openExport(stream: ByteStream): Promise<Omit<NbdExport, 'contexts'>> {
  const data = Buffer.concat([encodeText(DEFAULT_EXPORT), Buffer.alloc(2)]);
  const infos = (await option(stream, NBD.OPT_GO, data)).filter(({ type }) => type === NBD.REP_INFO);
  const infoOf = (kind: number): Buffer | undefined =>
    infos.find((info) => info.data.readUInt16BE(0) === kind)?.data.subarray(2);
  const exported = infoOf(NBD.INFO_EXPORT);
  if (exported === undefined) throw new Error('the server does not say how large the export is');
  const flags = exported.readUInt16BE(8);
  const maxRequestBytes = infoOf(NBD.INFO_BLOCK_SIZE)?.readUInt32BE(8) ?? DEFAULT_MAX_REQUEST_BYTES;
  return {
    sizeBytes: Number(exported.readBigUInt64BE(0)),
    readOnly: (flags & NBD.EXPORT_READ_ONLY) !== 0,
    maxRequestBytes: Math.min(maxRequestBytes, DEFAULT_MAX_REQUEST_BYTES),
  };
}

async function option(stream: ByteStream, code: number, data: Buffer): Promise<OptionReply[]> {
  stream.write(encodeOption(code, data));
  const replies: OptionReply[] = [];
  for (;;) {
    const reply = await optionReply(stream, code);
    if (reply.type === NBD.REP_ACK) return replies;
    if (reply.type >= NBD.REP_ERROR) {
      throw new Error(`the server refuses option ${code}: ${reply.data.toString('utf8') || reply.type}`);
    }
    replies.push(reply);
  }
}

async function optionReply(stream: ByteStream, code: number): Promise<OptionReply> {
  const header = await stream.read(20);
  const length = header.readUInt32BE(16);
  const fits = header.readBigUInt64BE(0) === NBD.OPTION_REPLY_MAGIC && header.readUInt32BE(8) === code;
  if (!fits || length > MAX_OPTION_REPLY_BYTES)
    throw new Error(`the answer to option ${code} makes no sense`);
  return { type: header.readUInt32BE(12), data: await stream.read(length) };
}
