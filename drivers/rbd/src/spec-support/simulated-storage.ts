import { ContainerModule, KIB } from '@scoria/core';
import type { RbdClient as RbdClientPort, RbdCluster, RbdPool } from '@scoria/librbd';
import { RbdClient } from '@scoria/librbd';
import type { SimulatedCephOptions } from '@scoria/librbd/simulated';
import { SimulatedCeph, SimulatedRbdClient } from '@scoria/librbd/simulated';
import type { ConformanceHarness } from '@scoria/testkit';
import plugin from '../index.js';
import { copyAsImage, IMAGES_POOL, TYPES } from '../testing/images.js';

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
  return (await beside(ceph)).openPool('rbd');
}

async function beside(ceph: SimulatedCeph): Promise<RbdCluster> {
  return new SimulatedRbdClient(ceph).connect({ timeoutMs: 1000 });
}

/** Each backend has a client of its own, as a process has. */
export function bindClient(client: () => RbdClientPort): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind<RbdClientPort>(RbdClient).toDynamicValue(client);
  });
}

/** The driver on a simulated cluster. */
export function simulatedHarness(
  settings: SimulatedCephOptions,
  options: Readonly<Record<string, unknown>> = {},
): ConformanceHarness {
  let clients: SimulatedRbdClient[] = [];
  const all = { pools: ['rbd', IMAGES_POOL], ...settings };
  let ceph = new SimulatedCeph(all);
  return {
    plugin,
    volumeBytes: 256 * KIB,
    types: TYPES,
    bindings: [
      bindClient(() => {
        const client = new SimulatedRbdClient(ceph);
        clients.push(client);
        return client;
      }),
    ],
    freshStorage: async () => {
      ceph = new SimulatedCeph(all);
      clients = [];
      const cluster = await beside(ceph);
      const pool = await cluster.openPool('rbd');
      return {
        options,
        leftovers: () => namesIn(pool),
        imageOf: (snapshot) => copyAsImage(cluster, pool.name, snapshot),
        dispose: () => {
          for (const client of clients) client.kill();
          return Promise.resolve();
        },
      };
    },
  };
}
