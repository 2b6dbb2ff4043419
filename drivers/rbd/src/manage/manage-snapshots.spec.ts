import { Container, createBackend } from '@scoria/core';
import { SimulatedCeph, SimulatedRbdClient } from '@scoria/librbd/simulated';
import { collect, fakePorts, makeContext, makeSnapshot, makeVolume } from '@scoria/testkit';
import plugin from '../index.js';
import { bindClient } from '../spec-support/simulated-storage.js';

it('lists all snapshots but those of an image that cannot be read, which it names', async () => {
  const client = new SimulatedRbdClient(new SimulatedCeph());
  const root = new Container();
  root.load(
    fakePorts(),
    bindClient(() => client),
  );
  const backend = await createBackend(root, plugin, { name: 'rbd', options: {}, stateDirectory: '/state' });
  await backend.start(makeContext());
  const { driver } = backend;
  const volumes = [makeVolume({ sizeBytes: 1024 }), makeVolume({ sizeBytes: 1024 })] as const;
  const snapshots = volumes.map((volume) => makeSnapshot({ ...volume, status: 'available' }));
  for (const volume of volumes) await driver.createVolume(makeContext(), volume);
  for (const snapshot of snapshots) await driver.createSnapshot(makeContext(), snapshot);
  client.faults.add({
    when: ({ object }) => object.includes(volumes[0].id),
    effect: { kind: 'fail', code: 'failed' },
  });
  const found = await collect(driver.listManageableSnapshots(makeContext(), volumes, []));
  const byVolume = new Map(found.map((entry) => [entry.volumeId, entry]));
  expect([found.length, byVolume.get(volumes[1].id)?.safeToManage]).toEqual([2, true]);
  expect(byVolume.get(volumes[0].id)).toMatchObject({
    source: { 'source-name': `rbd/volume-${volumes[0].id}` },
    reference: {},
    safeToManage: false,
    reason: expect.stringContaining(volumes[0].id) as string,
  });
  await backend.stop(makeContext());
});
