import { ContainerModule, KIB } from '@scoria/core';
import rbdPlugin from '@scoria/driver-rbd';
import { copyAsImage, TYPES } from '@scoria/driver-rbd/testing';
import { NativeRbdClient, RbdClient, RbdError } from '@scoria/librbd';
import type { ConnectOptions, RbdCluster, RbdPool } from '@scoria/librbd';
import type { ConformanceHarness, ConformanceStorage } from '@scoria/testkit';
import type { CephCluster } from '../support/ceph-cluster.js';
import { hostPorts } from '../support/host-ports.js';

const JOURNAL = 'scoria_journal';
const TIMEOUT_MS = 30_000;

/** A pool of a real cluster, as the storage of one test after the other: each leaves it empty. */
export class CephStorage implements AsyncDisposable {
  private constructor(
    readonly options: Readonly<Record<string, unknown>>,
    readonly cluster: RbdCluster,
    readonly pool: RbdPool,
  ) {}

  static async open(
    cluster: CephCluster,
    options: Readonly<Record<string, unknown>> = {},
  ): Promise<CephStorage> {
    const { rbd_pool: pool = 'rbd' } = options as { rbd_pool?: string };
    const connected = await new NativeRbdClient().connect({
      confFile: cluster.confFile,
      timeoutMs: TIMEOUT_MS,
    });
    const all = { rbd_ceph_conf: cluster.confFile, rbd_pool: pool, ...options };
    return new CephStorage(all, connected, await connected.openPool(pool));
  }

  /** Every image and every snapshot that has a name, and what is in the trash. */
  async names(): Promise<string[]> {
    const names: string[] = [];
    for (const { name } of await this.pool.images()) {
      names.push(name);
      await using image = await this.pool.openImage(name, { readOnly: true });
      for (const snapshot of await image.snapshots()) names.push(`${name}@${snapshot.name}`);
    }
    for (const { name } of await this.pool.trash()) names.push(`trash:${name}`);
    return names.sort();
  }

  /** What the driver has written down as not done yet. */
  async journal(): Promise<string[]> {
    return [...(await this.pool.keys(JOURNAL)).keys()];
  }

  /** Removes everything, in whatever order it can be. */
  async clear(): Promise<void> {
    await this.pool.removeKeys(JOURNAL, await this.journal());
    for (let round = 0; round < 20 && (await this.names()).length > 0; round += 1) await this.#clearOnce();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster.close();
  }

  async #clearOnce(): Promise<void> {
    for (const { name } of await this.pool.images()) {
      await tryIt(() => this.#clearSnapshots(name));
      await tryIt(() => this.pool.removeImage(name));
    }
    for (const { id } of await this.pool.trash()) {
      await tryIt(() => this.pool.removeFromTrash(id, { force: true }));
    }
  }

  async #clearSnapshots(name: string): Promise<void> {
    await using image = await this.pool.openImage(name);
    for (const snapshot of await image.snapshots()) {
      if (snapshot.namespace !== 'user') continue;
      await tryIt(() => image.unprotectSnapshot(snapshot.name));
      await tryIt(() => image.removeSnapshot(snapshot.name));
    }
  }
}

/** What cannot be done now may be done in the next round. */
async function tryIt(body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } catch (error) {
    if (!(error instanceof RbdError)) throw error;
  }
}

/** The client of all processes of a test. What the killed ones have open would be watched for half a minute. */
class ClientsOfTest implements RbdClient {
  readonly #clusters = new Set<RbdCluster>();

  async connect(options: ConnectOptions): Promise<RbdCluster> {
    const cluster = await new NativeRbdClient().connect(options);
    this.#clusters.add(cluster);
    return cluster;
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.#clusters].map((cluster) => cluster.close()));
    this.#clusters.clear();
  }
}

/** The RBD driver on a pool; `storage` is opened once for all tests. */
export function cephHarness(storage: () => CephStorage): ConformanceHarness {
  const clients = new ClientsOfTest();
  const clear = async (): Promise<void> => {
    await clients.closeAll();
    await storage().clear();
  };
  return {
    plugin: rbdPlugin,
    volumeBytes: 256 * KIB,
    types: TYPES,
    ports: hostPorts(),
    bindings: [
      new ContainerModule(({ bind }) => {
        bind<RbdClient>(RbdClient).toConstantValue(clients);
      }),
    ],
    freshStorage: async (): Promise<ConformanceStorage> => {
      await clear();
      return {
        options: storage().options,
        leftovers: () => storage().names(),
        imageOf: (snapshot) => copyAsImage(storage().cluster, storage().pool.name, snapshot),
        dispose: clear,
      };
    },
  };
}
