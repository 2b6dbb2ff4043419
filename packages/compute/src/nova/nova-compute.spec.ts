import { createContext } from '@scoria/core';
import { FakeClock, FakeCloud, MemoryLogger } from '@scoria/testkit';
import { createNovaCompute } from '../create-nova-compute.js';
import type { ComputeSettings } from '../compute-settings.js';
import { settingsOf } from '../spec-support/cloud-settings.js';
import { MemoryReports } from '../spec-support/memory-reports.js';

const reports = new MemoryReports('snapshot-1', 'volume-1');
const context = createContext({ requestId: 'mine', logger: new MemoryLogger() });

async function open(settings: ComputeSettings, instanceId?: string): Promise<unknown> {
  const compute = createNovaCompute(settings, { clock: new FakeClock({ autoAdvance: true }), reports });
  const attachment = {
    id: 'attachment-1',
    host: 'node-1',
    ...(instanceId === undefined ? {} : { instanceId }),
  };
  return compute.openDisk(context, { volume: { id: 'volume-1' }, attachment, snapshotId: 'snapshot-1' });
}

it('reaches no guest whose attachment names no server', async () => {
  await using cloud = await FakeCloud.start();
  await expect(open(settingsOf(cloud))).rejects.toMatchObject({ code: 'not-supported' });
  expect(cloud.requests).toEqual([]);
});

it('says that nobody is let in before anything is begun', async () => {
  await using cloud = await FakeCloud.start();
  cloud.intercept = () => ({ status: 401 });
  await expect(open(settingsOf(cloud), 'server-1')).rejects.toMatchObject({ code: 'unavailable' });
});

it('works with a token and an address of the configuration, without Keystone', async () => {
  await using cloud = await FakeCloud.start();
  const token = cloud.keystone.issue(cloud.keystone.users[0]!);
  cloud.nova.volumes.set('volume-1', 'ready');
  cloud.nova.work = () => {
    reports.report = { status: 'creating', progress: '90%' };
    return undefined;
  };
  const credentials = { kind: 'token', token, endpoint: `${cloud.url}/compute/v2.1/` } as const;
  const compute = createNovaCompute(settingsOf(cloud, { credentials }), {
    clock: new FakeClock({ autoAdvance: true }),
    reports,
  });
  const attachment = { id: 'attachment-1', host: 'node-1', instanceId: 'server-1' };
  const request = { volume: { id: 'volume-1' }, attachment, snapshotId: 'snapshot-1' };
  const disk = await compute.openDisk(context, request);
  await disk?.takeSnapshot(context, { active: { path: '/a', format: 'raw' }, overlay: '/b' });
  expect(cloud.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'POST /compute/v2.1/os-assisted-volume-snapshots',
  ]);
  expect(cloud.requests[0]?.headers['x-openstack-request-id']).toBeUndefined();
});
