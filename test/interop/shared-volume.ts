import type { Snapshot, Volume } from '@scoria/core';
import { toGiB } from '@scoria/core';
import { collect, makeSnapshot, makeVolume } from '@scoria/testkit';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { promisify } from 'node:util';
import { ByteModel, WINDOWS } from './byte-model.js';
import type { Fill } from './byte-model.js';
import { ourDigests } from './our-view.js';
import type { InteropShare } from './interop-share.js';

const run = promisify(execFile);

/** One volume that Cinder and Scoria take turns with, and what each point in time must read as. */
export class SharedVolume {
  /** Oldest first. */
  readonly snapshots = new Map<string, ByteModel>();
  model: ByteModel;
  /** As our side has it on record; a new object after each of our operations. */
  volume: Volume;

  constructor(
    readonly share: InteropShare,
    readonly format: 'raw' | 'qcow2',
    sizeBytes: number,
    readonly id: string = randomUUID(),
  ) {
    this.model = ByteModel.empty(sizeBytes);
    this.volume = makeVolume({ id, sizeBytes });
  }

  get snapshotIds(): string[] {
    return [...this.snapshots.keys()];
  }

  get file(): string {
    return `volume-${this.id}`;
  }

  snapshot(id: string): Snapshot {
    const { sizeBytes } = this.#modelOf(id);
    return makeSnapshot(this.volume, { id, sizeBytes });
  }

  readonly cinder = {
    create: async (): Promise<void> => {
      const { cinder } = this.share;
      const size_gib = toGiB(this.model.sizeBytes);
      await cinder.call('create_volume', { id: this.id, size_gib, format: this.format });
    },
    write: async (fill: Fill): Promise<void> => {
      const file = await this.#activeFile();
      await this.#guestWrites(file, file === this.file ? this.format : 'qcow2', fill);
    },
    snapshot: async (id: string = randomUUID()): Promise<void> => {
      await this.share.cinder.call('create_snapshot', { volume_id: this.id, id });
      this.snapshots.set(id, this.model.copy());
    },
    deleteSnapshot: async (id: string): Promise<void> => {
      await this.share.cinder.call('delete_snapshot', { id });
      this.snapshots.delete(id);
    },
    extend: async (sizeBytes: number): Promise<void> => {
      await this.share.cinder.call('extend_volume', { id: this.id, size_gib: toGiB(sizeBytes) });
      this.model = this.model.copy(sizeBytes);
    },
    /** Puts the volume on Cinder's record, as it is on the share. */
    adopt: async (): Promise<void> => {
      const snapshots = this.snapshotIds;
      const size_gib = toGiB(this.model.sizeBytes);
      await this.share.cinder.call('adopt', { id: this.id, size_gib, format: this.format, snapshots });
    },
    /** What a guest on Cinder's side opens. */
    connection: async (): Promise<Record<string, unknown>> => {
      const info = await this.share.cinder.call('initialize_connection', { id: this.id });
      return (info as { data: Record<string, unknown> }).data;
    },
    info: async (): Promise<string | null> => {
      const info = await this.share.cinder.call('info', { id: this.id });
      return (info as { text: string | null }).text;
    },
  };

  readonly ours = {
    create: async (): Promise<void> => {
      this.volume = await this.share.local.createVolume(this.model.sizeBytes, this.id);
    },
    adopt: async (): Promise<void> => {
      const { driver } = this.share.local;
      const context = this.share.local.context();
      const all = await collect(driver.findAdoptable(context));
      const found = all.find(({ id }) => id === this.id);
      if (found === undefined) throw new Error(`${this.id} is not on the share`);
      const { sizeBytes, providerLocation, providerMetadata } = found;
      const { providerMetadata: updated } = await driver.adopt(context, found);
      this.volume = {
        ...makeVolume({ id: this.id, sizeBytes, providerLocation, providerMetadata }),
        status: 'available',
      };
      expect(updated).toEqual(providerMetadata);
    },
    write: async (fill: Fill): Promise<void> => {
      const { format, name } = await this.ours.connection();
      await this.#guestWrites(String(name), String(format), fill);
    },
    snapshot: async (id: string = randomUUID()): Promise<void> => {
      this.snapshots.set(id, this.model.copy());
      await this.share.local.snapshot(this.volume, id);
    },
    deleteSnapshot: async (id: string): Promise<void> => {
      await this.share.local.deleteSnapshot(this.snapshot(id));
      this.snapshots.delete(id);
    },
    /** To the newest snapshot. */
    revert: async (): Promise<void> => {
      const id = this.snapshotIds.at(-1)!;
      await this.share.local.revert(this.volume, this.snapshot(id));
      this.model = this.#modelOf(id).copy(this.model.sizeBytes);
    },
    extend: async (sizeBytes: number): Promise<void> => {
      this.volume = await this.share.local.extend(this.volume, sizeBytes);
      this.model = this.model.copy(sizeBytes);
    },
    connection: async (): Promise<Record<string, unknown>> => {
      const { local } = this.share;
      const info = await local.driver.initializeConnection(local.context(), this.volume, { host: 'guest' });
      return info.data;
    },
  };

  /** Our side reads every point in time right. */
  async expectOurs(): Promise<void> {
    const { local } = this.share;
    const found = [{ of: 'volume', digests: await ourDigests(local, this.volume) }];
    for (const id of this.snapshotIds)
      found.push({ of: id, digests: await ourDigests(local, this.snapshot(id)) });
    expect(found).toEqual(this.#expected());
  }

  /** Cinder reads every point in time right, and connects to the same file as we do. */
  async expectCinder(): Promise<void> {
    const found = [{ of: 'volume', digests: await this.#cinderDigests({ id: this.id }) }];
    for (const id of this.snapshotIds)
      found.push({ of: id, digests: await this.#cinderDigests({ snapshot_id: id }) });
    expect(found).toEqual(this.#expected());
    const { name, format } = await this.cinder.connection();
    expect({ name, format }).toEqual(await this.#ourConnection());
  }

  /** As a hypervisor does, with the file and the format it was told. */
  async #guestWrites(file: string, format: string, fill: Fill): Promise<void> {
    const command = `write -q -P ${fill.byte} ${fill.offset} ${fill.length}`;
    await run('qemu-io', ['-f', format, '-c', command, path.join(this.share.directory, file)]);
    this.model.fill(fill);
  }

  /** As the record says that Cinder wrote. */
  async #activeFile(): Promise<string> {
    const text = await this.cinder.info();
    return text === null ? this.file : (JSON.parse(text) as { active: string }).active;
  }

  async #ourConnection(): Promise<object> {
    const { name, format } = await this.ours.connection();
    return { name, format };
  }

  async #cinderDigests(object: Readonly<Record<string, string>>): Promise<string[]> {
    const ranges = WINDOWS.map(({ offset, length }) => [offset, length]);
    return (await this.share.cinder.call('digests', { ...object, ranges })) as string[];
  }

  #expected(): { of: string; digests: string[] }[] {
    const points: [string, ByteModel][] = [['volume', this.model], ...this.snapshots];
    return points.map(([of, model]) => ({ of, digests: model.digests() }));
  }

  #modelOf(snapshotId: string): ByteModel {
    const model = this.snapshots.get(snapshotId);
    if (model === undefined) throw new Error(`no snapshot ${snapshotId}`);
    return model;
  }
}
