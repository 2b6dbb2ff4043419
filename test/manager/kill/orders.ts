import { GIB } from '@scoria/core';
import type { Caller, VolumeManager } from '@scoria/manager';
import { readCells, writeCells } from './cells.js';

export const CALLER: Caller = { projectId: 'default' };

/** One operation, as it is told to the process that is killed. */
export type Order =
  | { readonly do: 'create-volume'; readonly name: string; readonly backend: string; readonly gib: number }
  | { readonly do: 'from-snapshot'; readonly name: string; readonly snapshot: string }
  | { readonly do: 'clone'; readonly name: string; readonly volume: string }
  | { readonly do: 'delete-volume'; readonly volume: string }
  | { readonly do: 'extend'; readonly volume: string; readonly gib: number }
  | { readonly do: 'revert'; readonly volume: string; readonly snapshot: string }
  | { readonly do: 'migrate'; readonly volume: string; readonly backend: string }
  | { readonly do: 'create-snapshot'; readonly volume: string; readonly name: string }
  | { readonly do: 'delete-snapshot'; readonly snapshot: string }
  | { readonly do: 'write'; readonly volume: string; readonly cells: readonly (readonly [number, number])[] };

/** What is there, for the one who checks. */
export interface Look {
  readonly volumes: readonly Seen[];
  readonly snapshots: readonly (Seen & { readonly volume: string })[];
  readonly running: readonly string[];
}

export interface Seen {
  readonly name: string;
  readonly status: string;
  readonly gib: number;
  readonly backend: string;
}

/** What is asked of it besides. */
export type Question =
  | { readonly do: 'look' }
  | { readonly do: 'audit' }
  | { readonly do: 'quota' }
  | { readonly do: 'reset'; readonly volume: string }
  | { readonly do: 'read'; readonly kind: 'volume' | 'snapshot'; readonly name: string };

/** Does what is asked, to its end. */
export async function carryOut(manager: VolumeManager, order: Order | Question): Promise<unknown> {
  switch (order.do) {
    case 'look':
      return look(manager);
    case 'audit':
      return audit(manager);
    case 'quota':
      return manager.quota(CALLER.projectId);
    case 'reset':
      return manager.resetVolume(CALLER, order.volume);
    case 'read':
      return read(manager, order.kind, order.name);
    case 'write':
      return manager.useVolumeData(CALLER, order.volume, 'read-write', (device) =>
        writeCells(device, order.cells),
      );
    default:
      return (await begin(manager, order)).done;
  }
}

type Begun = Exclude<Order, { do: 'write' }>;

async function begin(manager: VolumeManager, order: Begun): Promise<{ readonly done: Promise<unknown> }> {
  switch (order.do) {
    case 'create-volume':
      return manager.createVolume(CALLER, {
        name: order.name,
        backend: order.backend,
        sizeBytes: order.gib * GIB,
      });
    case 'from-snapshot':
      return manager.createVolume(CALLER, { name: order.name, fromSnapshot: order.snapshot });
    case 'clone':
      return manager.createVolume(CALLER, { name: order.name, fromVolume: order.volume });
    case 'delete-volume':
      return manager.deleteVolume(CALLER, order.volume, { cascade: true });
    case 'extend':
      return manager.extendVolume(CALLER, order.volume, order.gib * GIB);
    case 'revert':
      return manager.revertVolume(CALLER, order.volume, order.snapshot);
    case 'migrate':
      return manager.migrateVolume(CALLER, order.volume, order.backend);
    case 'create-snapshot':
      return manager.createSnapshot(CALLER, { volume: order.volume, name: order.name });
    case 'delete-snapshot':
      return manager.deleteSnapshot(CALLER, order.snapshot);
  }
}

async function look(manager: VolumeManager): Promise<Look> {
  const volumes = await manager.listVolumes(CALLER, { limit: 1000 });
  const snapshots = await manager.listSnapshots(CALLER, { limit: 1000 });
  const running = await manager.listOperations({ outcome: 'running' });
  const nameOf = new Map(volumes.map(({ id, name }) => [id, name]));
  return {
    volumes: volumes.map(({ name, status, sizeBytes, backend }) => ({
      name,
      status,
      gib: sizeBytes / GIB,
      backend,
    })),
    snapshots: snapshots.map(({ name, status, sizeBytes, volumeId }) => ({
      name,
      status,
      gib: sizeBytes / GIB,
      backend: '',
      volume: nameOf.get(volumeId) ?? volumeId,
    })),
    running: running.map(({ kind, step }) => `${kind} (${step ?? 'no step'})`),
  };
}

async function audit(manager: VolumeManager): Promise<string[]> {
  const backends = await manager.listBackends();
  const reports = await Promise.all(backends.map(({ name }) => manager.auditBackend(CALLER, name)));
  return reports.flatMap(({ findings }) =>
    findings.map(({ kind, id, problem }) => `${kind} ${id}: ${problem}`),
  );
}

async function read(manager: VolumeManager, kind: 'volume' | 'snapshot', name: string): Promise<unknown> {
  const cells =
    kind === 'volume'
      ? await manager.useVolumeData(CALLER, name, 'read-only', readCells)
      : await manager.useSnapshotData(CALLER, name, readCells);
  return [...cells];
}
