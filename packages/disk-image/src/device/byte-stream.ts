import { connect, type Socket } from 'node:net';

const RECEIVE_BYTES = 256 * 1024;

interface Want {
  readonly target: Buffer;
  filled: number;
  readonly done: () => void;
}

/**
 * A socket that is read in pieces of known length, straight into the buffers that want them. The callbacks run
 * while the bytes arrive, so a parser can ask for the next piece before the rest of a packet is stored.
 */
export class ByteStream {
  readonly #socket: Socket;
  #want: Want | undefined;
  #stored = Buffer.alloc(0);
  #ended: Error | undefined;
  #onEnd: (reason: Error) => void = () => {};

  private constructor(socket: (stream: ByteStream) => Socket) {
    this.#socket = socket(this);
  }

  /** Connects to a Unix socket. Rejects with Node's error when nobody listens. */
  static async connect(path: string): Promise<ByteStream> {
    return new Promise((resolve, reject) => {
      const stream: ByteStream = new ByteStream((self) =>
        connect({
          path,
          onread: {
            buffer: Buffer.allocUnsafe(RECEIVE_BYTES),
            callback: (length, buffer) => self.#take(Buffer.from(buffer.buffer, buffer.byteOffset, length)),
          },
        }),
      );
      const socket = stream.#socket;
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        stream.#watch();
        resolve(stream);
      });
    });
  }

  /** Calls back when the connection is lost or {@link destroy}ed, once. */
  onEnd(callback: (reason: Error) => void): void {
    this.#onEnd = callback;
    if (this.#ended !== undefined) callback(this.#ended);
  }

  /** Fills `target` with the next bytes. One at a time. */
  fill(target: Buffer, done: () => void): void {
    const stored = this.#stored;
    const copied = stored.copy(target);
    this.#stored = stored.subarray(copied);
    if (copied === target.length) done();
    else this.#want = { target, filled: copied, done };
  }

  /** The next `length` bytes. */
  async read(length: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const target = Buffer.alloc(length);
      this.onEnd(reject);
      if (this.#ended === undefined) this.fill(target, () => resolve(target));
    });
  }

  /** Sends the parts in one go. They must not be changed until the other side has answered. */
  write(...parts: Uint8Array[]): void {
    this.#socket.cork();
    for (const part of parts) if (part.length > 0) this.#socket.write(part);
    this.#socket.uncork();
  }

  /** Sends what is written and says that no more will come; resolves when the other side has closed, too. */
  async end(): Promise<void> {
    if (this.#ended !== undefined) return;
    await new Promise<void>((resolve) => {
      this.onEnd(() => resolve());
      this.#socket.end();
    });
  }

  destroy(reason: Error): void {
    this.#socket.destroy(reason);
  }

  #watch(): void {
    let failure: Error | undefined;
    this.#socket.on('error', (error) => (failure = error));
    this.#socket.once('close', () => {
      this.#ended = failure ?? new Error('the other side closed the connection');
      this.#onEnd(this.#ended);
    });
  }

  #take(received: Buffer): boolean {
    let rest = received;
    while (this.#want !== undefined && rest.length > 0) {
      const want = this.#want;
      const copied = rest.copy(want.target, want.filled);
      want.filled += copied;
      rest = rest.subarray(copied);
      if (want.filled < want.target.length) break;
      this.#want = undefined;
      want.done();
    }
    if (rest.length > 0) this.#stored = Buffer.concat([this.#stored, rest]);
    return true;
  }
}
