import { ContainerModule, KIB } from '@scoria/core';
import type { RbdClient as RbdClientPort, RbdPool } from '@scoria/librbd';
import { RbdClient } from '@scoria/librbd';
import type { SimulatedCephOptions } from '@scoria/librbd/simulated';
import { SimulatedCeph, SimulatedRbdClient } from '@scoria/librbd/simulated';
import type { ConformanceHarness } from '@scoria/testkit';
import plugin from '../index.js';

/** All names in a pool: images, their snapshots of every kind, and the trash. */
export async function namesIn(pool: RbdPool): Promise<string[]> {
  const names: string[] = [];
  for (const { name } of await pool.images()) {
    names.push(name);
    const image = await pool.openImage(name, { readOnly: true });
    for (const snapshot of await image.snapshots()) names.push(`${name}@${snapshot.name}`);
    await image.close();
  }
  for (const { name } of await pool.trash()) names.push(`trash:${name}`);
  return names.sort();
}

/** A pool of a simulated cluster, as somebody beside the driver sees it. */
export async function lookInto(ceph: SimulatedCeph): Promise<RbdPool> {
  const cluster = await new SimulatedRbdClient(ceph).connect({ timeoutMs: 1000 });
  return cluster.openPool('rbd');
}

/** Each backend has a client of its own, as a process has. */
export function bindClient(client: () => RbdClientPort): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind<RbdClientPort>(RbdClient).toDynamicValue(client);
  });
}

/** The driver on a simulated cluster. */
export function simulatedHarness(
  cluster: SimulatedCephOptions,
  options: Readonly<Record<string, unknown>> = {},
): ConformanceHarness {
  let clients: SimulatedRbdClient[] = [];
  let ceph = new SimulatedCeph(cluster);
  return {
    plugin,
    volumeBytes: 256 * KIB,
    bindings: [
      bindClient(() => {
        const client = new SimulatedRbdClient(ceph);
        clients.push(client);
        return client;
      }),
    ],
    freshStorage: async () => {
      ceph = new SimulatedCeph(cluster);
      clients = [];
      const pool = await lookInto(ceph);
      return {
        options,
        leftovers: () => namesIn(pool),
        dispose: () => {
          for (const client of clients) client.kill();
          return Promise.resolve();
        },
      };
    },
  };
}
