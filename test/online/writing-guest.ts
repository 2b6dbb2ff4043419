import { messageOf } from '@scoria/core';
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Seeded } from '../support/seeded.js';
import type { ServedImage } from '../support/storage-daemon.js';
import { GuestIo, StorageDaemon } from '../support/storage-daemon.js';

/** What a guest writes at a time begins and ends at a multiple of this. */
const BLOCK = 4096;
const MOST_BLOCKS = 24;
/** One write in so many is followed by a flush. */
const FLUSH_EVERY = 9;
const PATIENCE_MS = 30_000;

interface Write {
  readonly offset: number;
  readonly length: number;
  readonly byte: number;
}

/**
 * What a guest has asked for, one write after the other: each is there or not as a whole. The content of the disk at any
 * moment is that after some number of them.
 */
export class WriteLog {
  readonly writes: Write[] = [];
  /** How many have been acknowledged, and how many of those a flush has made durable. */
  acknowledged = 0;
  durable = 0;

  constructor(readonly start: Buffer) {}

  /** The content after the first `count` writes. */
  after(count: number): Buffer {
    const bytes = Buffer.from(this.start);
    for (const { offset, length, byte } of this.writes.slice(0, count))
      bytes.fill(byte, offset, offset + length);
    return bytes;
  }

  /**
   * How many writes `found` is the content after.
   * @throws Error where there is no such number between `least` and `most`
   */
  momentOf(found: Buffer, least: number, most = this.writes.length): number {
    const bytes = this.after(least);
    for (let count = least; count <= most; count += 1) {
      if (bytes.equals(found)) return count;
      const next = this.writes[count];
      if (next !== undefined) bytes.fill(next.byte, next.offset, next.offset + next.length);
    }
    const differs = this.after(least).findIndex((byte, index) => byte !== found[index]);
    throw new Error(
      `it is not the content after ${String(least)} to ${String(most)} of ${String(this.writes.length)} writes; ` +
        `after the first of these it differs at byte ${String(differs)} first`,
    );
  }

  /**
   * Whether `found` may be what is left after the process that had the disk open was killed: of each block what was
   * durable, or something that was written later.
   */
  requireSurvived(found: Buffer): void {
    const durable = this.after(this.durable);
    const late = this.writes.slice(this.durable);
    for (let at = 0; at < found.length; at += BLOCK) {
      const block = found.subarray(at, at + BLOCK);
      if (block.equals(durable.subarray(at, at + BLOCK))) continue;
      const isLate = late.some(
        ({ offset, length, byte }) =>
          offset <= at && at < offset + length && block.every((each) => each === byte),
      );
      if (!isLate)
        throw new Error(`block ${String(at / BLOCK)} is neither what was durable nor what was written later`);
    }
  }
}

/** A guest that writes to its disk all the time, through a hypervisor process of its own. */
export class WritingGuest implements AsyncDisposable {
  readonly #io: GuestIo;
  #stopped = false;
  #isKilled = false;
  #failure: unknown;
  readonly #running: Promise<void>;

  private constructor(
    readonly daemon: StorageDaemon,
    readonly log: WriteLog,
    private readonly random: Seeded,
  ) {
    this.#io = new GuestIo(daemon);
    this.#running = this.#writeAllTheTime();
  }

  /** @param before the content of the disk */
  static async start(
    directory: string,
    image: ServedImage,
    name: string,
    before: Buffer,
    random: Seeded,
  ): Promise<WritingGuest> {
    const daemon = await StorageDaemon.start(directory, image, { name });
    return new WritingGuest(daemon, new WriteLog(before), random);
  }

  /** Resolves when so many more writes have been acknowledged. @throws Error where the guest has seen an error */
  async afterWrites(count: number): Promise<void> {
    const wanted = this.log.acknowledged + count;
    const end = performance.now() + PATIENCE_MS;
    while (this.log.acknowledged < wanted) {
      this.requireHealthy();
      if (performance.now() > end) throw new Error('the guest does not get on with its writes');
      await sleep(2);
    }
  }

  requireHealthy(): void {
    if (this.#failure !== undefined && !this.#isKilled)
      throw new Error(`the guest saw an error: ${messageOf(this.#failure)}`, { cause: this.#failure });
  }

  /** Ends the guest as its owner does: everything it wrote is on disk. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
    this.requireHealthy();
    await this.#flush();
    await this[Symbol.asyncDispose]();
  }

  /** As the crash of a hypervisor. */
  async kill(): Promise<void> {
    this.#isKilled = true;
    this.#stopped = true;
    await this.daemon.kill();
    await this[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    await this.daemon[Symbol.asyncDispose]();
    await this.#running;
    await this.#io[Symbol.asyncDispose]();
    await Promise.all([this.daemon.monitor, this.daemon.export].map((socket) => rm(socket, { force: true })));
  }

  async #writeAllTheTime(): Promise<void> {
    try {
      while (!this.#stopped) await this.#writeOnce();
    } catch (error) {
      this.#failure = error;
    }
  }

  async #writeOnce(): Promise<void> {
    const { writes, start } = this.log;
    const blocks = start.length / BLOCK;
    const first = this.random.below(blocks);
    const count = 1 + this.random.below(Math.min(MOST_BLOCKS, blocks - first));
    const write = { offset: first * BLOCK, length: count * BLOCK, byte: 1 + (writes.length % 251) };
    writes.push(write);
    await this.#io.fill(write.byte, write.offset, write.length);
    this.log.acknowledged = writes.length;
    if (writes.length % FLUSH_EVERY === 0) await this.#flush();
    // A guest does other things too.
    await sleep(1);
  }

  async #flush(): Promise<void> {
    const { acknowledged } = this.log;
    await this.#io.flush();
    this.log.durable = acknowledged;
  }
}
