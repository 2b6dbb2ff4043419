import type { Backend } from '@scoria/core';
import { Container, ContainerModule, createBackend, isDriverError, messageOf } from '@scoria/core';
import type { CloneFormat, RbdPool } from '@scoria/librbd';
import { RbdClient } from '@scoria/librbd';
import { SimulatedCeph, SimulatedRbdClient } from '@scoria/librbd/simulated';
import { FakeLockManager, fakePorts, makeContext } from '@scoria/testkit';
import plugin from '../index.js';
import { callDriver } from './call-driver.js';
import type { Death, TreeCall, TreeOutcome, TreeProcess, TreeWorld } from './tree-world.js';

/** A simulated cluster, whose processes die at the change they are told to. */
export class SimulatedWorld implements TreeWorld {
  readonly #locks = new FakeLockManager();

  private constructor(
    private readonly ceph: SimulatedCeph,
    private readonly options: Readonly<Record<string, unknown>>,
    readonly pool: RbdPool,
  ) {}

  static async open(options: Readonly<Record<string, unknown>>): Promise<SimulatedWorld> {
    const ceph = new SimulatedCeph();
    const cluster = await new SimulatedRbdClient(ceph).connect({ timeoutMs: 1000 });
    return new SimulatedWorld(ceph, options, await cluster.openPool('rbd'));
  }

  async useFormat(format: CloneFormat): Promise<void> {
    this.ceph.cloneFormat = format;
    return Promise.resolve();
  }

  async start(death?: Death): Promise<TreeProcess | undefined> {
    const client = new SimulatedRbdClient(this.ceph);
    const root = new Container();
    root.load(fakePorts({ lockManager: this.#locks }));
    root.load(
      new ContainerModule(({ bind }) => {
        bind<RbdClient>(RbdClient).toConstantValue(client);
      }),
    );
    const configuration = { name: 'rbd', options: this.options, stateDirectory: '/state' };
    const process = new SimulatedTreeProcess(await createBackend(root, plugin, configuration), client);
    return (await process.start(death)) ? process : undefined;
  }
}

class SimulatedTreeProcess implements TreeProcess {
  constructor(
    private readonly backend: Backend,
    private readonly client: SimulatedRbdClient,
  ) {}

  /** @returns false where it died */
  async start(death: Death | undefined): Promise<boolean> {
    this.#arm(death);
    try {
      await this.backend.start(makeContext());
    } catch (error) {
      if (!this.client.isDead) throw error;
    }
    if (!this.client.isDead) {
      this.client.faults.clear();
      return true;
    }
    await this.end();
    return false;
  }

  async run(call: TreeCall, death?: Death): Promise<TreeOutcome> {
    this.#arm(death);
    try {
      await callDriver(this.backend.driver, makeContext(), call);
      return this.client.isDead ? this.#died() : { kind: 'done' };
    } catch (error) {
      if (this.client.isDead) return this.#died();
      if (!isDriverError(error)) throw error;
      return { kind: 'refused', code: error.code, message: messageOf(error) };
    } finally {
      this.client.faults.clear();
    }
  }

  async end(): Promise<void> {
    await this.backend.stop(makeContext());
  }

  #arm(death: Death | undefined): void {
    if (death !== undefined) this.client.faults.dieAtChange(death.at, death.when);
  }

  #died(): TreeOutcome {
    return { kind: 'died' };
  }
}
