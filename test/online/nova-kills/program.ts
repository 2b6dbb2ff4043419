/** The manager that is killed, with its HTTP side, where Nova reports. */
import { createServer } from '@scoria/api';
import { Clock, GIB } from '@scoria/core';
import { hostModule } from '@scoria/host';
import type { StepObserver, VolumeManager } from '@scoria/manager';
import { createVolumeManager, loadConfiguration, serviceTokensOf } from '@scoria/manager';
import { Container } from 'inversify';
import { HurriedClock } from '../../support/hurried-clock.js';
import { obeyOrders } from '../../support/obey-orders.js';
import type { ManagerLook, ManagerOrder, ManagerStart } from './orders.js';

const CALLER = { projectId: 'project' };

/** As `scoria serve` does: it listens before it goes on with what was cut off. */
async function begin({ directory, port }: ManagerStart, stepObserver: StepObserver): Promise<VolumeManager> {
  const clock = new HurriedClock();
  const configuration = await loadConfiguration({
    cwd: directory,
    env: {},
    drivers: { packages: ['@scoria/driver-local'], aliases: {} },
    defaultDriver: { driver: '@scoria/driver-local', options: () => ({}) },
  });
  const root = new Container();
  root.load(hostModule({ log: { level: 'error' } }));
  root.rebind<Clock>(Clock).toConstantValue(clock);
  const manager = await createVolumeManager(configuration, { root, stepObserver });
  const server = createServer(manager, { serviceTokens: serviceTokensOf(configuration, { clock }) });
  await server.listen({ host: '127.0.0.1', port });
  await manager.start();
  return manager;
}

async function carryOut(manager: VolumeManager, order: ManagerOrder): Promise<unknown> {
  switch (order.do) {
    case 'create-volume':
      await manager.checkBackend('local');
      return (await manager.createVolume(CALLER, { name: 'data', sizeBytes: GIB })).done;
    case 'attach': {
      const { volume, instance: instanceId } = order;
      const connector = { host: 'node-1' };
      return (await manager.attachVolume(CALLER, { volume, connector, instanceId })).done;
    }
    case 'detach':
      return (await manager.detachVolume(CALLER, order.attachment)).done;
    case 'delete-volume':
      return (await manager.deleteVolume(CALLER, order.volume, { cascade: true })).done;
    case 'create-snapshot':
      return (await manager.createSnapshot(CALLER, order)).done;
    case 'delete-snapshot':
      return (await manager.deleteSnapshot(CALLER, order.snapshot)).done;
    case 'look':
      return look(manager, order.volume);
    case 'read':
      return read(manager, order);
  }
}

async function look(manager: VolumeManager, volume: string): Promise<ManagerLook> {
  const running = await manager.listOperations({ outcome: 'running' });
  const snapshots = await manager.listSnapshots(CALLER);
  const [attachment] = await manager.listAttachments(CALLER, volume);
  const { name = '' } = (attachment?.connectionInfo?.data ?? {}) as { name?: string };
  return {
    running: running.map(({ kind }) => kind),
    snapshots: snapshots.map(({ id, name: its, status }) => ({ id, name: its, status })),
    file: name,
  };
}

async function read(
  manager: VolumeManager,
  { kind, id, length }: Extract<ManagerOrder, { do: 'read' }>,
): Promise<string> {
  const bytes =
    kind === 'snapshot'
      ? await manager.useSnapshotData(CALLER, id, async (device) => device.read(0, length))
      : await manager.useVolumeData(CALLER, id, 'read-only', async (device) => device.read(0, length));
  return Buffer.from(bytes).toString('base64');
}

await obeyOrders({ begin, carryOut });
