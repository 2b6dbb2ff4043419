import type { Snapshot, Volume } from '@scoria/core';
import { GIB, KIB, MIB } from '@scoria/core';
import { QmpCompute } from '@scoria/disk-image';
import { makeSnapshot, withDevice } from '@scoria/testkit';
import { randomUUID } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Fill } from '../interop/byte-model.js';
import { ByteModel, digestOf, WINDOWS } from '../interop/byte-model.js';
import { CinderShare } from '../interop/cinder-share.js';
import { GlusterServer } from '../support/gluster-server.js';
import { GuestIo, StorageDaemon } from '../support/storage-daemon.js';
import { GlusterBackend } from './gluster-backend.js';
import { someOf } from '../support/some-of.js';

/* One volume that OpenStack Cinder's code works on while no guest has it, and we while one does. */

let server: GlusterServer;
let ours: GlusterBackend;
let cinder: CinderShare;
let share: string;

beforeAll(async () => {
  server = await GlusterServer.start();
  share = await server.createVolume('interop', { bytes: 512 * MIB });
  ours = await GlusterBackend.start(server, { shares: share, compute: new QmpCompute() });
  cinder = await CinderShare.start({ base: ours.mountPointBase, share, unlimited: true });
  await mkdir(path.join(server.directory, 'sockets'));
});
afterAll(async () => {
  await cinder[Symbol.asyncDispose]();
  await ours[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const RANGES = WINDOWS.map(({ offset, length }) => [offset, length]);

interface Guest {
  readonly daemon: StorageDaemon;
  readonly io: GuestIo;
}

/** A volume that goes from hand to hand, and what each of its points in time must read as. */
class WanderingVolume {
  readonly id = randomUUID();
  /** Oldest first. */
  readonly snapshots = new Map<string, ByteModel>();
  readonly #now = ByteModel.empty(GIB);
  #writes = 0;
  #volume: Volume | undefined;
  #guest: Guest | undefined;

  constructor(private readonly format: 'raw' | 'qcow2') {}

  get file(): string {
    return `volume-${this.id}`;
  }

  get volume(): Volume {
    if (this.#volume === undefined) throw new Error('it is not ours');
    return this.#volume;
  }

  snapshotAt(place: number): string {
    return [...this.snapshots.keys()].at(place)!;
  }

  readonly cinder = {
    create: async (): Promise<void> => {
      await cinder.call('create_volume', { id: this.id, size_gib: 1, format: this.format });
    },
    /** Puts it on Cinder's record, as it is on the share. */
    adopt: async (): Promise<void> => {
      const snapshots = [...this.snapshots.keys()];
      await cinder.call('adopt', { id: this.id, size_gib: 1, format: this.format, snapshots });
    },
    write: async (): Promise<void> => {
      await cinder.call('write', { id: this.id, ...this.#nextFill() });
    },
    snapshot: async (): Promise<void> => {
      const id = randomUUID();
      await cinder.call('create_snapshot', { volume_id: this.id, id });
      this.snapshots.set(id, this.#now.copy());
    },
    deleteSnapshot: async (place: number): Promise<void> => {
      const id = this.snapshotAt(place);
      await cinder.call('delete_snapshot', { id });
      this.snapshots.delete(id);
    },
    /** Every point in time, as Cinder reads it, and the file that it would have a guest open. */
    expect: async (): Promise<void> => {
      expect(await cinder.call('digests', { id: this.id, ranges: RANGES })).toEqual(this.#now.digests());
      for (const [snapshot_id, model] of this.snapshots)
        expect(await cinder.call('digests', { snapshot_id, ranges: RANGES })).toEqual(model.digests());
      const { active } = await this.record();
      const connection = (await cinder.call('initialize_connection', { id: this.id })) as { data: object };
      expect(connection.data).toMatchObject({ name: active, format: this.formatOf(active) });
    },
  };

  readonly ours = {
    adopt: async (): Promise<void> => {
      this.#volume = await ours.adopt(this.id);
    },
    /** A guest opens the file that we name, in the format that we name. */
    attach: async (): Promise<void> => {
      const { name, format } = (await ours.connect(this.volume)).data as {
        name: string;
        format: 'raw' | 'qcow2';
      };
      const file = path.join(ours.mountPoint(share), name);
      const daemon = await StorageDaemon.start(
        path.join(server.directory, 'sockets'),
        { file, format },
        { name: randomUUID() },
      );
      this.#guest = { daemon, io: new GuestIo(daemon) };
      const attachment = { id: randomUUID(), host: 'here', monitor: daemon.monitor };
      this.#volume = { ...this.volume, status: 'in-use', attachments: [attachment] };
    },
    guestWrites: async (): Promise<void> => {
      const { byte, offset, length } = this.#nextFill();
      await this.#guest!.io.fill(byte, offset, length);
    },
    snapshot: async (): Promise<void> => {
      const { id } = await ours.snapshot(this.volume);
      this.snapshots.set(id, this.#now.copy());
    },
    deleteSnapshot: async (place: number): Promise<void> => {
      const id = this.snapshotAt(place);
      await ours.deleteSnapshot(makeSnapshot(this.volume, { id }));
      this.snapshots.delete(id);
      await this.ours.expectSnapshots();
    },
    detach: async (): Promise<void> => {
      await this.#guest!.io.flush();
      await this.dispose();
      const { attachments: _attachments, ...volume } = this.volume;
      this.#volume = { ...volume, status: 'available' };
      await this.ours.expect();
    },
    expectSnapshots: async (): Promise<void> => {
      for (const [id, model] of this.snapshots)
        expect(await ourDigests(makeSnapshot(this.volume, { id }))).toEqual(model.digests());
    },
    expect: async (): Promise<void> => {
      expect(await ourDigests(this.volume)).toEqual(this.#now.digests());
      await this.ours.expectSnapshots();
    },
  };

  /** The chain record, as Cinder reads it. */
  async record(): Promise<Record<string, string> & { active: string }> {
    const { text } = (await cinder.call('info', { id: this.id })) as { text: string | null };
    return text === null
      ? { active: this.file }
      : (JSON.parse(text) as Record<string, string> & { active: string });
  }

  formatOf(file: string): string {
    return file === this.file ? this.format : 'qcow2';
  }

  async files(): Promise<string[]> {
    const names = await readdir(ours.mountPoint(share));
    return names.filter((name) => name.startsWith(this.file)).sort();
  }

  /** The guest is gone. */
  async dispose(): Promise<void> {
    const guest = this.#guest;
    this.#guest = undefined;
    await guest?.daemon[Symbol.asyncDispose]();
    await guest?.io[Symbol.asyncDispose]();
  }

  /** Each write is another byte at another place, over some of the one before, in both windows by turns. */
  #nextFill(): Fill {
    this.#writes += 1;
    const isTail = this.#writes % 3 === 0;
    const length = 96 * KIB + 512;
    const start = isTail ? GIB - 128 * KIB : 0;
    const offset = start + ((this.#writes * 10 * KIB) % (isTail ? 30 * KIB : MIB));
    const fill = { offset, length, byte: this.#writes };
    this.#now.fill(fill);
    return fill;
  }
}

async function ourDigests(object: Volume | Snapshot): Promise<string[]> {
  return withDevice(ours.driver, ours.context(), object, 'read-only', async (device) => {
    const digests: string[] = [];
    for (const { offset, length } of WINDOWS) {
      const end = Math.min(offset + length, device.sizeBytes);
      digests.push(digestOf(await device.read(offset, Math.max(0, end - offset))));
    }
    return digests;
  });
}

describe.each(someOf(['raw', 'qcow2'] as const, 0.5))("Cinder's %s volume", (format) => {
  let wandering: WanderingVolume;
  beforeEach(async () => {
    wandering = new WanderingVolume(format);
    await wandering.cinder.create();
    for (const _snapshot of [1, 2]) {
      await wandering.cinder.write();
      await wandering.cinder.snapshot();
    }
    await wandering.cinder.write();
    await wandering.ours.adopt();
    await wandering.ours.attach();
  });
  afterEach(() => wandering.dispose());

  async function snapshotsOnline(count: number): Promise<void> {
    for (let taken = 0; taken < count; taken += 1) {
      await wandering.ours.guestWrites();
      await wandering.ours.snapshot();
    }
    await wandering.ours.guestWrites();
  }

  test('has snapshots changed by us while a guest has it, then by Cinder, and by us again', async () => {
    await snapshotsOnline(2);
    const before = await wandering.record();
    // The newest: what it points at stays the active file, and the one before points at that now.
    await wandering.ours.deleteSnapshot(-1);
    const record = await wandering.record();
    expect(record.active).toBe(before.active);
    expect(record[wandering.snapshotAt(-1)]).toBe(record.active);
    await wandering.ours.guestWrites();
    await wandering.ours.deleteSnapshot(1);
    await wandering.ours.guestWrites();
    await wandering.ours.detach();

    await wandering.cinder.adopt();
    await wandering.cinder.expect();
    await wandering.cinder.write();
    await wandering.cinder.snapshot();
    await wandering.cinder.write();
    await wandering.cinder.expect();
    await wandering.cinder.deleteSnapshot(1);
    await wandering.cinder.expect();
    await wandering.cinder.deleteSnapshot(-1);
    await wandering.cinder.expect();

    await wandering.ours.adopt();
    await wandering.ours.expect();
    await wandering.ours.attach();
    await snapshotsOnline(1);
    await wandering.ours.deleteSnapshot(0);
    await wandering.ours.detach();
    await wandering.cinder.adopt();
    await wandering.cinder.expect();
  });

  test('has no snapshot left and an active file with a name of one: Cinder goes on with it', async () => {
    await snapshotsOnline(1);
    for (const place of [0, -1, -1]) await wandering.ours.deleteSnapshot(place);
    const record = await wandering.record();
    expect(record).toEqual({
      active: expect.stringMatching(`^${wandering.file}\\.[-0-9a-f]{36}$`) as string,
    });
    expect(await wandering.files()).toEqual([record.active, `${wandering.file}.info`].sort());
    await wandering.ours.detach();

    await wandering.cinder.adopt();
    await wandering.cinder.expect();
    await wandering.cinder.write();
    await wandering.cinder.snapshot();
    await wandering.cinder.write();
    await wandering.cinder.snapshot();
    await wandering.cinder.expect();
    await wandering.cinder.deleteSnapshot(0);
    await wandering.cinder.expect();
    await wandering.cinder.deleteSnapshot(0);
    await wandering.cinder.expect();
    await wandering.ours.adopt();
    await wandering.ours.expect();
    await cinder.call('delete_volume', { id: wandering.id });
    expect(await wandering.files()).toEqual([]);
  });
});
