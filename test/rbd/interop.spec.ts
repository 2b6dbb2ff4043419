import { GIB } from '@scoria/core';
import { someOf } from '../support/some-of.js';
import { EMPTY, newId, SharedPool } from './shared-pool.js';

interface Connection {
  readonly data: Readonly<Record<string, unknown>> & { readonly hosts: string[]; readonly ports: string[] };
}

const NOTHING = { images: [], snapshots: [], trash: [] };

describe.each(someOf([1, 2] as const, 0.5))(
  "a pool that is Cinder's and ours, clone format %d",
  (cloneFormat) => {
    let pool: SharedPool;
    beforeAll(async () => {
      pool = await SharedPool.start(cloneFormat);
    });
    afterAll(() => pool[Symbol.asyncDispose]());

    it("adopts what Cinder made, works on it, and clears Cinder's deleted parents away with the last child", async () => {
      const { cinder, ours } = pool;
      const [a, b, c, d, s1, s2] = [newId(), newId(), newId(), newId(), newId(), newId()];
      await cinder.call('create_volume', { id: a, size_gib: 1 });
      await pool.cinderWrites(a, [1, 2, 3]);
      await cinder.call('create_snapshot', { volume_id: a, id: s1 });
      await pool.cinderWrites(a, [4, 5, 6]);
      await cinder.call('create_snapshot', { volume_id: a, id: s2 });
      await cinder.call('create_volume_from_snapshot', { id: b, snapshot_id: s1 });
      await cinder.call('create_cloned_volume', { id: c, source_id: a });
      await pool.cinderWrites(c, [7, 5, 6]);
      await cinder.call('create_cloned_volume', { id: d, source_id: c });
      await cinder.call('delete_volume', { id: c });

      const [ourA, ourB, ourD] = [await pool.adopt(a), await pool.adopt(b), await pool.adopt(d)];
      expect(ourA.snapshots.map(({ id }) => id)).toEqual([s1, s2]);
      expect(await pool.weRead(ourA.volume)).toEqual([4, 5, 6]);
      expect(await pool.weRead(ourA.snapshots[0]!)).toEqual([1, 2, 3]);
      expect(await pool.weRead(ourB.volume)).toEqual([1, 2, 3]);
      expect(await pool.weRead(ourD.volume)).toEqual([7, 5, 6]);

      const grown = await ours.extend(ourD.volume, 2 * GIB);
      const again = await ours.clone(grown);
      await pool.weWrite(grown, [8, 8, 8]);
      expect(await pool.weRead(again)).toEqual([7, 5, 6]);
      await ours.deleteVolume(grown);
      expect(await pool.weRead(again)).toEqual([7, 5, 6]);
      await ours.deleteVolume(again);
      await ours.deleteVolume(ourB.volume);
      await ours.deleteSnapshot(ourA.snapshots[1]!);
      expect(await pool.weRead(ourA.snapshots[0]!)).toEqual([1, 2, 3]);
      await ours.deleteSnapshot(ourA.snapshots[0]!);
      await ours.deleteVolume(ourA.volume);
      expect(await pool.contents()).toEqual(NOTHING);
    }, 120_000);

    it('hands what we made to Cinder, which works on it', async () => {
      const { cinder, ours } = pool;
      const a = await ours.createVolume(GIB);
      await pool.weWrite(a, [1, 2, 3]);
      const s1 = await ours.snapshot(a);
      await pool.weWrite(a, [4, 5, 6]);
      const b = await ours.volumeOf(s1);
      const c = await ours.clone(a);
      const d = await ours.clone(c);
      await ours.deleteVolume(c);

      await cinder.call('adopt', { id: a.id, size_gib: 1, snapshots: [s1.id] });
      await cinder.call('adopt', { id: b.id, size_gib: 1 });
      await cinder.call('adopt', { id: d.id, size_gib: 1 });
      expect(await pool.cinderReads({ id: a.id })).toEqual([4, 5, 6]);
      expect(await pool.cinderReads({ snapshot_id: s1.id })).toEqual([1, 2, 3]);
      expect(await pool.cinderReads({ id: b.id })).toEqual([1, 2, 3]);
      expect(await pool.cinderReads({ id: d.id })).toEqual([4, 5, 6]);

      const [s2, e] = [newId(), newId()];
      await cinder.call('extend_volume', { id: a.id, size_gib: 2 });
      await pool.cinderWrites(a.id, [9, 9, 9]);
      await cinder.call('create_snapshot', { volume_id: a.id, id: s2 });
      await cinder.call('create_cloned_volume', { id: e, source_id: d.id });
      const { volume: ourE } = await pool.adopt(e);
      expect(await pool.weRead(ourE)).toEqual([4, 5, 6]);
      for (const id of [e, d.id, b.id]) await cinder.call('delete_volume', { id });
      for (const id of [s2, s1.id]) await cinder.call('delete_snapshot', { id });
      await cinder.call('delete_volume', { id: a.id });
      expect(await pool.contents()).toEqual(NOTHING);
    }, 120_000);

    it("gives out the connection that Cinder gives out, with the monitors' newer addresses besides", async () => {
      const volume = await pool.ours.createVolume(GIB);
      await pool.cinder.call('adopt', { id: volume.id, size_gib: 1 });
      const ours = (await pool.ours.connect(volume)) as unknown as Connection;
      const cinders = (await pool.cinder.call('initialize_connection', { id: volume.id })) as Connection;
      const { hosts, ports } = cinders.data;
      expect(ours.data.hosts).toEqual(expect.arrayContaining(hosts));
      expect(ours.data.ports).toEqual(expect.arrayContaining(ports));
      expect({ ...ours, data: { ...ours.data, hosts, ports } }).toEqual(cinders);
      expect(await pool.weRead(volume)).toEqual(EMPTY);
      await pool.ours.deleteVolume(volume);
    });
  },
);
