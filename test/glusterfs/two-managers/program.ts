/** A whole manager on one of two hosts, in its network: its own mount, its HTTP side, and its records or shared ones. */
import { createServer } from '@scoria/api';
import { GIB } from '@scoria/core';
import type { StepObserver, VolumeManager } from '@scoria/manager';
import { createVolumeManager, loadConfiguration } from '@scoria/manager';
import { createHash } from 'node:crypto';
import { obeyOrders } from '../../support/obey-orders.js';
import type { HostLook, HostOrder, HostStart, Write } from './orders.js';

const CALLER = { projectId: 'project' };
export const BACKEND = 'gluster';

/** As `scoria serve` does. */
async function begin(
  { directory, databaseUrl }: HostStart,
  stepObserver: StepObserver,
): Promise<VolumeManager> {
  const configuration = await loadConfiguration({
    cwd: directory,
    env: {},
    drivers: { packages: ['@scoria/driver-glusterfs'], aliases: {} },
    defaultDriver: { driver: '@scoria/driver-glusterfs', options: () => ({}) },
  });
  const records = databaseUrl === undefined ? {} : { databaseUrl };
  const manager = await createVolumeManager({ ...configuration, ...records }, { stepObserver });
  await createServer(manager).listen({ host: '127.0.0.1', port: 0 });
  await manager.start();
  await manager.checkBackend(BACKEND);
  return manager;
}

async function carryOut(manager: VolumeManager, order: HostOrder): Promise<unknown> {
  switch (order.do) {
    case 'write':
      return manager.useVolumeData(CALLER, order.volume, 'read-write', async (device) => {
        const { offset, length, byte }: Write = order.write;
        await device.write(offset, Buffer.alloc(length, byte));
        await device.flush();
      });
    case 'digest':
      return digest(manager, order);
    case 'adopt':
      return (await manager.adoptBackend(CALLER, BACKEND)).adopted.map(({ id }) => id);
    case 'audit':
      return (await manager.auditBackend(CALLER, BACKEND)).findings.map(({ kind, id }) => `${kind} ${id}`);
    case 'look':
      return look(manager);
    default:
      return (await change(manager, order)).done;
  }
}

type ChangeOrder = Exclude<HostOrder, { do: 'write' | 'digest' | 'adopt' | 'audit' | 'look' }>;

async function change(manager: VolumeManager, order: ChangeOrder): Promise<{ done: Promise<unknown> }> {
  switch (order.do) {
    case 'create-volume':
      return manager.createVolume(CALLER, { name: order.name, sizeBytes: GIB });
    case 'delete-volume':
      return manager.deleteVolume(CALLER, order.volume);
    case 'clone':
      return manager.createVolume(CALLER, { name: order.name, fromVolume: order.volume });
    case 'snapshot':
      return manager.createSnapshot(CALLER, order);
    case 'delete-snapshot':
      return manager.deleteSnapshot(CALLER, order.snapshot);
    case 'manage': {
      const { name, file } = order;
      return manager.manageVolume(CALLER, { backend: BACKEND, name, reference: { 'source-name': file } });
    }
  }
}

async function look(manager: VolumeManager): Promise<HostLook> {
  const running = await manager.listOperations({ outcome: 'running' });
  const volumes = await manager.listVolumes(CALLER);
  const snapshots = await manager.listSnapshots(CALLER);
  return {
    running: running.map(({ kind }) => kind),
    volumes: volumes.map(({ id, status }) => ({ id, status })),
    snapshots: snapshots.map(({ id, status }) => ({ id, status })),
  };
}

async function digest(
  manager: VolumeManager,
  { kind, id, length }: Extract<HostOrder, { do: 'digest' }>,
): Promise<string> {
  const bytes =
    kind === 'snapshot'
      ? await manager.useSnapshotData(CALLER, id, async (device) => device.read(0, length))
      : await manager.useVolumeData(CALLER, id, 'read-only', async (device) => device.read(0, length));
  return createHash('sha256').update(bytes).digest('hex');
}

await obeyOrders({ begin, carryOut });
