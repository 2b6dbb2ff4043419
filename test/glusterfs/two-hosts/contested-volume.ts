import type { Snapshot, Volume } from '@scoria/core';
import { KIB, MIB } from '@scoria/core';
import { createHash, randomUUID } from 'node:crypto';
import type { Seeded } from '../../support/seeded.js';
import type { HostManager } from './host-manager.js';
import type { Order, OrderEnd } from './orders.js';

const FIRST_BYTES = 2 * MIB;
const MOST_SNAPSHOTS = 5;

type Move = Extract<Order, { do: 'write' | 'extend' | 'clone' | 'snapshot' | 'delete-snapshot' }>;

interface PointInTime {
  readonly snapshot: Snapshot;
  readonly digest: string;
}

/** What two hosts did in one round, by what became of it. */
export type RoundEnds = readonly [string, string];

/** A volume that two hosts work on at the same moment, and what each of its points in time must read as. */
export class ContestedVolume {
  #bytes: Buffer = Buffer.alloc(FIRST_BYTES);
  readonly #snapshots = new Map<string, PointInTime>();
  #rounds = 0;

  private constructor(
    private readonly random: Seeded,
    public volume: Volume,
  ) {}

  static async create(host: HostManager, random: Seeded): Promise<ContestedVolume> {
    const volume = await host.do<Volume>({ do: 'create-volume', sizeBytes: FIRST_BYTES });
    return new ContestedVolume(random, volume);
  }

  get snapshots(): Snapshot[] {
    return [...this.#snapshots.values()].map(({ snapshot }) => ({ ...snapshot, volume: this.volume }));
  }

  async write(host: HostManager, byte: number): Promise<void> {
    const move = this.#write(byte);
    await host.do(move);
    this.#bytes = after(this.#bytes, move);
  }

  async snapshot(host: HostManager): Promise<void> {
    const order: Move = { do: 'snapshot', volume: this.volume, id: randomUUID() };
    const snapshot = await host.do<Snapshot>(order);
    this.#snapshots.set(order.id, { snapshot, digest: digestOf(this.#bytes) });
  }

  /** Two moves at the same moment, one from each host; then all bytes, as both hosts read them. */
  async round(hosts: readonly [HostManager, HostManager]): Promise<RoundEnds> {
    this.#rounds += 1;
    const moves = [this.#move(), this.#move()] as const;
    const ends = await Promise.all([hosts[0].try(moves[0]), hosts[1].try(moves[1])]);
    requireExpected(moves, ends);
    const done = moves.filter((_move, side) => ends[side]?.end === 'done');
    const views = viewsOf(this.#bytes, done);
    for (const [side, move] of moves.entries()) {
      const end = ends[side]!;
      // The one who looks is not the one who did it.
      if (end.end === 'done') await this.#take(hosts[1 - side]!, move, end.result, views);
    }
    const looking = hosts[this.#rounds % 2]!;
    await this.#apply(looking, done);
    await this.check(looking);
    return [wordOf(moves[0], ends[0]), wordOf(moves[1], ends[1])];
  }

  async check(host: HostManager): Promise<void> {
    const volume = await host.do({ do: 'read', volume: this.volume });
    if (volume !== digestOf(this.#bytes)) throw new Error('the volume has wrong bytes');
    for (const { snapshot, digest } of this.#snapshots.values()) {
      const found = await host.do({ do: 'read-snapshot', snapshot: { ...snapshot, volume: this.volume } });
      if (found !== digest) throw new Error(`snapshot ${snapshot.id} has wrong bytes`);
    }
  }

  /** The snapshot is known to be gone. */
  forget({ id }: Snapshot): void {
    this.#snapshots.delete(id);
  }

  async remove(host: HostManager): Promise<void> {
    for (const snapshot of this.snapshots) await host.do({ do: 'delete-snapshot', snapshot });
    await host.do({ do: 'delete-volume', volume: this.volume });
  }

  #move(): Move {
    const { volume, random } = this;
    const snapshots = this.snapshots;
    const kind = random.pick([
      'write',
      'snapshot',
      'snapshot',
      'delete-snapshot',
      'delete-snapshot',
      'clone',
      'extend',
    ]);
    if (kind === 'delete-snapshot' && snapshots.length > 0)
      return { do: kind, snapshot: snapshots[random.below(snapshots.length)]! };
    if (kind === 'clone') return { do: kind, volume };
    if (kind === 'extend')
      return { do: kind, volume, sizeBytes: volume.sizeBytes + (1 + random.below(3)) * 64 * KIB };
    if (kind === 'write' || snapshots.length >= MOST_SNAPSHOTS) return this.#write(1 + random.below(255));
    return { do: 'snapshot', volume, id: randomUUID() };
  }

  #write(byte: number): Move & { do: 'write' } {
    const offset = this.random.below(this.volume.sizeBytes / 4096) * 4096;
    const length = Math.min((1 + this.random.below(60)) * 4096, this.volume.sizeBytes - offset);
    return { do: 'write', volume: this.volume, offset, length, byte };
  }

  /** Looks at what a move made, which is the volume at some moment of the round. */
  async #take(host: HostManager, move: Move, result: unknown, views: readonly string[]): Promise<void> {
    if (move.do === 'snapshot') {
      const snapshot = result as Snapshot;
      const digest = await host.do<string>({ do: 'read-snapshot', snapshot });
      if (!views.includes(digest)) throw new Error('a snapshot is of no moment of the volume');
      this.#snapshots.set(move.id, { snapshot, digest });
    }
    if (move.do === 'clone') {
      const volume = result as Volume;
      const digest = await host.do<string>({ do: 'read', volume });
      if (!views.includes(digest)) throw new Error('a clone is of no moment of the volume');
      await host.do({ do: 'delete-volume', volume });
    }
  }

  async #apply(host: HostManager, done: readonly Move[]): Promise<void> {
    for (const move of done) {
      if (move.do === 'delete-snapshot') this.#snapshots.delete(move.snapshot.id);
    }
    // Of two writes to one place either may be the later one.
    const ends = [done, done.toReversed()].map((moves) => moves.reduce(after, this.#bytes));
    const sizeBytes = Math.max(...ends.map((bytes) => bytes.length));
    this.volume = { ...this.volume, sizeBytes };
    const found = await host.do({ do: 'read', volume: this.volume });
    const bytes = ends.find((each) => digestOf(each) === found);
    if (bytes === undefined) throw new Error('the volume has wrong bytes');
    this.#bytes = bytes;
  }
}

/** What a move makes of the volume's bytes. */
function after(bytes: Buffer, move: Move): Buffer {
  if (move.do === 'extend' && move.sizeBytes > bytes.length)
    return Buffer.concat([bytes, Buffer.alloc(move.sizeBytes - bytes.length)]);
  if (move.do !== 'write') return bytes;
  return Buffer.from(bytes).fill(move.byte, move.offset, move.offset + move.length);
}

/** The digests of the volume at each moment of a round: before, between and after the moves, whichever came first. */
function viewsOf(bytes: Buffer, done: readonly Move[]): string[] {
  const moments = [
    bytes,
    ...done.map((move) => after(bytes, move)),
    done.reduce(after, bytes),
    done.toReversed().reduce(after, bytes),
  ];
  return moments.map(digestOf);
}

/** A volume that is held for long, an extension by less than the other's, a clone too small for what was extended. */
function requireExpected(moves: readonly [Move, Move], ends: readonly [OrderEnd, OrderEnd]): void {
  for (const side of [0, 1] as const) {
    const [mine, its, end] = [moves[side].do, moves[side === 0 ? 1 : 0].do, ends[side]];
    if (end.end === 'done' || end.code === 'volume-busy') continue;
    if (end.code === 'invalid-input' && its === 'extend' && ['extend', 'clone'].includes(mine)) continue;
    throw new Error(`${mine} beside ${its} was refused: ${end.code}: ${end.message}`);
  }
}

function wordOf(move: Move, end: OrderEnd): string {
  return end.end === 'done' ? move.do : `${move.do}: ${end.code}`;
}

export function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
