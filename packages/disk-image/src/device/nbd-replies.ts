import type { ByteStream } from './byte-stream.js';
import { NBD } from './nbd-protocol.js';

const MAX_STATUS_BYTES = 16 * 1024 * 1024;

/** A run of bytes from where the request began or the run before ended, and what the server says about it. */
export interface NbdStatus {
  readonly length: number;
  readonly value: number;
}

/** What the answer to one request is put together from. */
export interface NbdAnswer {
  /** Where data go; their place in it is counted from the request's offset. */
  readonly target: Buffer;
  readonly offset: number;
  /** How much of `target` was answered. */
  filled: number;
  /** By the number of the context. */
  readonly statuses: Map<number, NbdStatus[]>;
  /** The first error, as a number of the protocol, with what the server said. */
  error?: { readonly number: number; readonly text: string };
}

export interface NbdReplyHandler {
  /** The answer under way for a request. */
  answerFor(handle: number): NbdAnswer | undefined;
  /** The request is answered. */
  finished(handle: number): void;
  /** The server does not keep to the protocol; nothing more is read. */
  violated(what: string): void;
}

interface Chunk {
  readonly handle: number;
  readonly type: number;
  readonly last: boolean;
  readonly length: number;
  readonly answer: NbdAnswer;
}

/** Reads replies for as long as the connection lasts, data straight into the buffers of those who asked. */
export class NbdReplies {
  readonly #stream: ByteStream;
  readonly #handler: NbdReplyHandler;
  readonly #header = Buffer.alloc(16);
  readonly #length = Buffer.alloc(4);

  constructor(stream: ByteStream, handler: NbdReplyHandler) {
    this.#stream = stream;
    this.#handler = handler;
  }

  start(): void {
    this.#stream.fill(this.#header, () => {
      const magic = this.#header.readUInt32BE(0);
      if (magic === NBD.SIMPLE_REPLY_MAGIC) this.#simple();
      else if (magic === NBD.STRUCTURED_REPLY_MAGIC)
        this.#stream.fill(this.#length, () => this.#structured());
      else this.#handler.violated(`a reply begins with ${magic.toString(16)}`);
    });
  }

  #simple(): void {
    const number = this.#header.readUInt32BE(4);
    const handle = Number(this.#header.readBigUInt64BE(8));
    const answer = this.#handler.answerFor(handle);
    if (answer === undefined) {
      this.#unknown(handle);
      return;
    }
    if (number !== 0) answer.error ??= { number, text: '' };
    this.#next(handle, true);
  }

  #structured(): void {
    const flags = this.#header.readUInt16BE(4);
    const handle = Number(this.#header.readBigUInt64BE(8));
    const answer = this.#handler.answerFor(handle);
    if (answer === undefined) {
      this.#unknown(handle);
      return;
    }
    const type = this.#header.readUInt16BE(6);
    const last = (flags & NBD.REPLY_DONE) !== 0;
    const chunk = { handle, type, last, length: this.#length.readUInt32BE(0), answer };
    if (type === NBD.REPLY_OFFSET_DATA && chunk.length >= 8) this.#data(chunk);
    else if (chunk.length <= MAX_STATUS_BYTES) this.#small(chunk);
    else this.#handler.violated(`a reply of ${chunk.length} bytes`);
  }

  #data({ handle, last, length, answer }: Chunk): void {
    const offset = Buffer.alloc(8);
    this.#stream.fill(offset, () => {
      const start = Number(offset.readBigUInt64BE(0)) - answer.offset;
      const end = start + length - 8;
      if (start < 0 || end > answer.target.length) {
        this.#handler.violated('data that were not asked for');
        return;
      }
      this.#stream.fill(answer.target.subarray(start, end), () => {
        answer.filled += end - start;
        this.#next(handle, last);
      });
    });
  }

  #small({ handle, type, last, length, answer }: Chunk): void {
    const body = Buffer.alloc(length);
    this.#stream.fill(body, () => {
      const problem = take(type, body, answer);
      if (problem === undefined) this.#next(handle, last);
      else this.#handler.violated(problem);
    });
  }

  #next(handle: number, last: boolean): void {
    if (last) this.#handler.finished(handle);
    this.start();
  }

  #unknown(handle: number): void {
    this.#handler.violated(`a reply to a request ${handle} that is not under way`);
  }
}

/** Adds a chunk without bulk data to the answer; returns what is wrong with it. */
function take(type: number, body: Buffer, answer: NbdAnswer): string | undefined {
  if (type === NBD.REPLY_NONE && body.length === 0) return undefined;
  if (type === NBD.REPLY_OFFSET_HOLE && body.length === 12) return takeHole(body, answer);
  if (type === NBD.REPLY_BLOCK_STATUS && body.length >= 12 && body.length % 8 === 4) {
    answer.statuses.set(body.readUInt32BE(0), statusesIn(body.subarray(4)));
    return undefined;
  }
  if ((type & NBD.REPLY_ERROR) !== 0 && body.length >= 6) {
    answer.error ??= {
      number: body.readUInt32BE(0),
      text: body.toString('utf8', 6, 6 + body.readUInt16BE(4)),
    };
    return undefined;
  }
  return `a reply of type ${type} and ${body.length} bytes`;
}

function takeHole(body: Buffer, answer: NbdAnswer): string | undefined {
  const start = Number(body.readBigUInt64BE(0)) - answer.offset;
  const length = body.readUInt32BE(8);
  if (start < 0 || start + length > answer.target.length) return 'a hole that was not asked for';
  answer.target.fill(0, start, start + length);
  answer.filled += length;
  return undefined;
}

function statusesIn(body: Buffer): NbdStatus[] {
  return Array.from({ length: body.length / 8 }, (_, index) => ({
    length: body.readUInt32BE(index * 8),
    value: body.readUInt32BE(index * 8 + 4),
  }));
}
