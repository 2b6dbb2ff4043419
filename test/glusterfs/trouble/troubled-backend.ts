import type { Backend, BlockDevice, DriverPlugin, OperationContext, Snapshot, Volume } from '@scoria/core';
import { applyUpdate, createBackend, createContext, MIB } from '@scoria/core';
import { makeSnapshot, makeVolume, MemoryLogger, openAndRead, openAndWrite } from '@scoria/testkit';
import type { Container } from 'inversify';
import { randomUUID } from 'node:crypto';

/** A backend of a process with shares that get into trouble, and the records that a manager would keep. */
export class TroubledBackend {
  readonly logger = new MemoryLogger();
  #pauseAt: string | undefined;
  #goOn: () => void = () => undefined;

  private constructor(
    private readonly backend: Backend,
    private readonly say: (event: object) => void,
  ) {}

  /** @param say is told where it pauses */
  static async start(
    root: Container,
    plugin: DriverPlugin,
    instance: {
      readonly name: string;
      readonly options: Record<string, unknown>;
      readonly stateDirectory: string;
    },
    say: (event: object) => void,
  ): Promise<TroubledBackend> {
    const backend = await createBackend(root, plugin, instance);
    const troubled = new TroubledBackend(backend, say);
    await backend.start(troubled.context());
    return troubled;
  }

  get driver(): Backend['driver'] {
    return this.backend.driver;
  }

  context(): OperationContext {
    const onStep = async (step: string): Promise<void> => this.#onStep(step);
    return createContext({ requestId: `req-${randomUUID()}`, logger: this.logger, onStep });
  }

  pauseAt(step: string): void {
    this.#pauseAt = step;
  }

  goOn(): void {
    this.#goOn();
  }

  /** The names of the pools. */
  async pools(): Promise<string[]> {
    const { pools } = await this.driver.stats(this.context());
    return pools.map(({ name }) => name);
  }

  async create(): Promise<Volume> {
    const volume = makeVolume({ id: randomUUID(), sizeBytes: MIB });
    return available(applyUpdate(volume, await this.driver.createVolume(this.context(), volume)));
  }

  async clone(source: Volume): Promise<Volume> {
    const volume = makeVolume({ id: randomUUID(), sizeBytes: source.sizeBytes });
    const update = await this.driver.createClonedVolume(this.context(), volume, source);
    return available(applyUpdate(volume, update));
  }

  async snapshot(volume: Volume): Promise<Snapshot> {
    const snapshot = makeSnapshot(volume, { id: randomUUID() });
    return applyUpdate(snapshot, await this.driver.createSnapshot(this.context(), snapshot));
  }

  async deleteSnapshot(snapshot: Snapshot): Promise<void> {
    await this.driver.deleteSnapshot(this.context(), snapshot);
  }

  async delete(volume: Volume): Promise<void> {
    await this.driver.deleteVolume(this.context(), volume);
  }

  async open(volume: Volume): Promise<BlockDevice> {
    return this.driver.openDevice(this.context(), { kind: 'volume', volume }, 'read-only');
  }

  async write(volume: Volume, data: Uint8Array): Promise<void> {
    await openAndWrite(this.driver, this.context(), volume, 0, data);
  }

  async holds(object: Volume | Snapshot, data: Buffer): Promise<boolean> {
    return (await openAndRead(this.driver, this.context(), object)).equals(data);
  }

  async #onStep(step: string): Promise<void> {
    if (this.#pauseAt === undefined || !step.includes(this.#pauseAt)) return;
    this.#pauseAt = undefined;
    const goesOn = new Promise<void>((resolve) => (this.#goOn = resolve));
    this.say({ event: 'paused', step });
    await goesOn;
  }
}

function available(volume: Volume): Volume {
  return { ...volume, status: 'available' };
}
