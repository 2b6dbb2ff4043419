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
  expect(found.map(({ volumeId, safeToManage }) => [volumeId, safeToManage])).toEqual([
    [volumes[0].id, false],
    [volumes[1].id, true],
  ]);
  expect(found[0]).toMatchObject({
    source: { 'source-name': `rbd/volume-${volumes[0].id}` },
    reference: {},
    reason: expect.stringContaining(volumes[0].id) as string,
  });
  await backend.stop(makeContext());
});
