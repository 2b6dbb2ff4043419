import { KIB, MIB } from '@scoria/core';
import { createHash, randomUUID } from 'node:crypto';
import { requireSound, requireWhole } from '../../online/kills/share-look.js';
import type { OrderEnd } from '../../support/ordered-program.js';
import type { Seeded } from '../../support/seeded.js';
import type { ManagedHosts, Side } from './managed-hosts.js';
import type { HostOrder, Write } from './orders.js';

/** How much of the volume's beginning is written to, and compared. */
const LENGTH = MIB;
const MOST_SNAPSHOTS = 4;
/** About as many steps as the longest of them has. */
const STEPS = 9;

type Move = Extract<HostOrder, { do: 'write' | 'snapshot' | 'delete-snapshot' | 'clone' }>;

/** Refused because of the other one, who is at the same volume. */
const BECAUSE_OF_THE_OTHER = ['volume-busy', 'snapshot-busy', 'conflict', 'has-dependents'];

interface Point {
  /** Whose records have it. */
  readonly side: Side;
  readonly digest: string;
}

/** A volume that two managers change at the same moment, and what it and its snapshots must read as. */
export class WantedVolume {
  #bytes: Buffer = Buffer.alloc(LENGTH);
  readonly #points = new Map<string, Point>();
  readonly tally = new Map<string, number>();

  private constructor(
    private readonly hosts: ManagedHosts,
    private readonly random: Seeded,
    private readonly id: string,
    /** Whether each manager has its own records: it knows its own snapshots only then. */
    private readonly records: 'own' | 'shared',
  ) {}

  /** Made by the first, and with own records adopted by the second. */
  static async create(hosts: ManagedHosts, random: Seeded, records: 'own' | 'shared'): Promise<WantedVolume> {
    const [first, second] = hosts.managers;
    const { id } = await first.do<{ id: string }>({ do: 'create-volume', name: randomUUID() });
    if (records === 'own') {
      const adopted = await second.do<string[]>({ do: 'adopt' });
      if (!adopted.includes(id)) throw new Error(`the second manager has not adopted ${id}`);
    }
    return new WantedVolume(hosts, random, id, records);
  }

  /** Two moves at the same moment, one from each host; then all bytes, as both read them. */
  async round(): Promise<void> {
    const moves = [this.#move(0), this.#move(1)] as const;
    const { managers } = this.hosts;
    const ends = await Promise.all([managers[0].try(moves[0]), managers[1].try(moves[1])]);
    for (const [index, end] of ends.entries()) {
      const [move, other] = [moves[index]!.do, moves[1 - index]!.do];
      if (end.end === 'killed') throw new Error(`a manager has ended: ${managers[index]!.errors}`);
      if (end.end === 'failed' && !isExpected(end))
        throw new Error(`${move} beside ${other} was refused: ${end.code}: ${end.failure}`);
      this.#count(end.end === 'done' ? move : `${move}: ${end.code}`);
    }
    await this.#take(moves, ends);
    await this.check();
  }

  /**
   * One manager is killed in the middle of a move while the other makes one; that one goes on with the volume, then comes
   * a new manager. What was cut off is wholly undone or wholly done.
   */
  async killedRound(side: Side): Promise<void> {
    const moves = [this.#killableMove(side), this.#move(side === 0 ? 1 : 0)] as const;
    const { managers } = this.hosts;
    const other = managers[side === 0 ? 1 : 0];
    const step = 1 + this.random.below(STEPS);
    const [killed, end] = await Promise.all([managers[side].try(moves[0], step), other.try(moves[1])]);
    if (end.end === 'killed' || !isExpected(end))
      throw new Error(`${moves[1].do} beside a manager that is killed: ${JSON.stringify(end)}`);
    // It may be refused before it comes to the step.
    if (!isExpected(killed)) throw new Error(`${moves[0].do}, to be killed: ${JSON.stringify(killed)}`);
    this.#count(`${moves[0].do} ${killed.end === 'failed' ? `not killed: ${killed.code}` : killed.end}`);
    // It does not wait for a new manager of the host that was lost.
    const write = this.#write();
    await this.#withPatience(async () => other.try(write));
    if (killed.end === 'killed') await this.hosts.restart(side);
    await Promise.all(this.hosts.managers.map((manager) => manager.rest()));
    const ordered = side === 0 ? ([killed, end] as const) : ([end, killed] as const);
    const [first, second] = side === 0 ? moves : [moves[1], moves[0]];
    await this.#take([first, second], ordered, write);
    await this.check();
  }

  /** As both managers read it. */
  async check(): Promise<void> {
    for (const manager of this.hosts.managers) {
      const found = await manager.do({ do: 'digest', kind: 'volume', id: this.id, length: LENGTH });
      if (found !== digestOf(this.#bytes)) throw new Error('the volume has wrong bytes');
    }
    for (const [id, { side, digest }] of this.#points) {
      const reader = this.hosts.managers[this.records === 'own' || this.random.below(2) === 0 ? side : 0];
      if ((await reader.do({ do: 'digest', kind: 'snapshot', id, length: LENGTH })) !== digest)
        throw new Error(`snapshot ${id} has wrong bytes`);
    }
  }

  /** Looks at the files: the record, the headers and qemu-img agree. No other volume may be on the share. */
  async requireWhole(mountPoint: string): Promise<void> {
    await requireWhole(mountPoint, this.id, [...this.#points.keys()]);
    await requireSound(mountPoint, this.id);
  }

  /** Deletes everything; as long as the other one has snapshots, it is refused. */
  async remove(): Promise<void> {
    const [first, second] = this.hosts.managers;
    const isTheirs = [...this.#points.values()].some(({ side }) => side === 1);
    for (const [id, { side }] of this.#points)
      if (side === 0) await first.do({ do: 'delete-snapshot', snapshot: id });
    if (isTheirs) {
      const refused = await first.try({ do: 'delete-volume', volume: this.id });
      if (refused.end !== 'failed') throw new Error('a volume was deleted that has snapshots');
    }
    for (const [id, { side }] of this.#points)
      if (side === 1) await second.do({ do: 'delete-snapshot', snapshot: id });
    await first.do({ do: 'delete-volume', volume: this.id });
    // For the other one it is gone then.
    if (this.records === 'own') await second.do({ do: 'delete-volume', volume: this.id });
  }

  #move(side: Side): Move {
    const kind = this.random.pick<Move['do']>(['write', 'snapshot', 'snapshot', 'delete-snapshot', 'clone']);
    return kind === 'write' ? this.#write() : this.#killableMove(side, kind);
  }

  /** None that may be done by halves, as a write may. */
  #killableMove(
    side: Side,
    kind = this.random.pick<Exclude<Move['do'], 'write'>>(['snapshot', 'delete-snapshot', 'clone']),
  ): Exclude<Move, { do: 'write' }> {
    const known = [...this.#points].filter(([, point]) => this.records === 'shared' || point.side === side);
    if (kind === 'clone') return { do: kind, volume: this.id, name: randomUUID() };
    const [snapshot] = known[this.random.below(Math.max(1, known.length))] ?? [];
    const isFull = this.#points.size >= MOST_SNAPSHOTS;
    if (snapshot !== undefined && (kind === 'delete-snapshot' || isFull))
      return { do: 'delete-snapshot', snapshot };
    if (isFull) return { do: 'clone', volume: this.id, name: randomUUID() };
    return { do: 'snapshot', volume: this.id, name: randomUUID() };
  }

  #write(): Extract<Move, { do: 'write' }> {
    const offset = this.random.below(LENGTH / (4 * KIB)) * 4 * KIB;
    const length = Math.min((1 + this.random.below(60)) * 4 * KIB, LENGTH - offset);
    return { do: 'write', volume: this.id, write: { offset, length, byte: 1 + this.random.below(255) } };
  }

  /** What is there after a round, and what it may read as. */
  async #take(
    moves: readonly [Move, Move],
    ends: readonly [OrderEnd, OrderEnd],
    last?: Extract<Move, { do: 'write' }>,
  ): Promise<void> {
    const done = moves.filter((_move, side) => ends[side]!.end === 'done');
    const views = viewsOf(this.#bytes, done);
    // Of what is in shared records, what is left when all that was made is known was not made.
    for (const side of [0, 1] as const) {
      const end = ends[side];
      if (end.end === 'done') await this.#made(side, moves[side], end.result, views);
    }
    for (const side of [0, 1] as const)
      if (ends[side].end !== 'done') await this.#clearUp(side, moves[side], ends[side]);
    this.#bytes = await this.#bytesAfter(done, last);
  }

  async #made(side: Side, move: Move, result: unknown, views: readonly string[]): Promise<void> {
    const manager = this.hosts.managers[side];
    const { id = '' } = (result ?? {}) as { id?: string };
    if (move.do === 'delete-snapshot') this.#points.delete(move.snapshot);
    if (move.do !== 'snapshot' && move.do !== 'clone') return;
    const kind = move.do === 'snapshot' ? 'snapshot' : 'volume';
    const digest = await manager.do<string>({ do: 'digest', kind, id, length: LENGTH });
    if (!views.includes(digest)) throw new Error(`a ${move.do} is of no moment of the volume`);
    if (kind === 'snapshot') this.#points.set(id, { side, digest });
    else await manager.do({ do: 'delete-volume', volume: id });
  }

  /** What was refused, or cut off, is taken back or done; nothing of it is left in a passing state. */
  async #clearUp(side: Side, move: Move, { end }: OrderEnd): Promise<void> {
    const manager = this.hosts.managers[side];
    if (move.do === 'delete-snapshot' && end === 'killed') {
      const { snapshots } = await manager.look();
      const left = snapshots.find(({ id }) => id === move.snapshot);
      // Killed before it was accepted.
      if (left === undefined) this.#points.delete(move.snapshot);
      else if (left.status !== 'available') throw new Error(`a snapshot to be deleted is ${left.status}`);
    }
    const { volumes, snapshots } = await manager.look();
    for (const { id, status } of snapshots) {
      if (this.#points.has(id)) continue;
      if (status !== 'error') throw new Error(`a snapshot that was not taken is ${status}`);
      await manager.do({ do: 'delete-snapshot', snapshot: id });
    }
    for (const { id, status } of volumes) {
      if (id === this.id) continue;
      if (status !== 'error') throw new Error(`a clone that was not made is ${status}`);
      await manager.do({ do: 'delete-volume', volume: id });
    }
  }

  /** Of two writes to one place either may be the later one. */
  async #bytesAfter(done: readonly Move[], last?: Move): Promise<Buffer> {
    const found = await this.hosts.managers[0].do({
      do: 'digest',
      kind: 'volume',
      id: this.id,
      length: LENGTH,
    });
    const orders = [done, done.toReversed()].map((moves) => moves.reduce(after, this.#bytes));
    const ends = orders.map((bytes) => (last === undefined ? bytes : after(bytes, last)));
    const bytes = ends.find((each) => digestOf(each) === found);
    if (bytes === undefined) throw new Error('the volume has wrong bytes');
    return bytes;
  }

  /** A volume that was held by a manager that is dead is free soon. */
  async #withPatience(work: () => Promise<OrderEnd>): Promise<void> {
    const end = performance.now() + 30_000;
    for (;;) {
      const found = await work();
      if (found.end === 'done') return;
      if (found.end === 'killed' || !BECAUSE_OF_THE_OTHER.includes(found.code) || performance.now() > end)
        throw new Error(`the other one does not go on: ${JSON.stringify(found)}`);
    }
  }

  #count(what: string): void {
    this.tally.set(what, (this.tally.get(what) ?? 0) + 1);
  }
}

function isExpected(end: OrderEnd): boolean {
  return end.end !== 'failed' || BECAUSE_OF_THE_OTHER.includes(end.code);
}

/** What a move makes of the volume's bytes. */
function after(bytes: Buffer, move: Move): Buffer {
  if (move.do !== 'write') return bytes;
  const { offset, length, byte }: Write = move.write;
  return Buffer.from(bytes).fill(byte, offset, offset + length);
}

/** The digests of the volume at each moment of a round. */
function viewsOf(bytes: Buffer, done: readonly Move[]): string[] {
  const moments = [bytes, ...done.map((move) => after(bytes, move)), done.reduce(after, bytes)];
  return [...moments, done.toReversed().reduce(after, bytes)].map(digestOf);
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
