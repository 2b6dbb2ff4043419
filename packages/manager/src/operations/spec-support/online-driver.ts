import type {
  Capability,
  ConnectionInfo,
  Connector,
  DriverPlugin,
  ModelUpdate,
  OperationContext,
  Snapshot,
  Volume,
} from '@scoria/core';
import { CAPABILITIES, defineDriver } from '@scoria/core';
import { FullMemoryDriver, MEMORY_OPTIONS } from '@scoria/testkit';
import { injectable, injectFromBase } from 'inversify';

/** What a driver was told of a volume: `createSnapshot in-use node-1`. */
export type Told = string[];

function wordsOf(method: string, { status, attachments }: Volume): string {
  const guests = attachments?.map(({ host, monitor, instanceId }) => monitor ?? instanceId ?? host) ?? ['-'];
  return [method, status, ...guests].join(' ');
}

/**
 * Drivers in memory that have a guest open another file after each snapshot, as where snapshots are overlays, and that
 * note which guests they were told of.
 */
export function onlinePlugin(told: Told, without: readonly Capability[] = []): DriverPlugin {
  @injectable()
  @injectFromBase({ extendConstructorArguments: true })
  class OnlineDriver extends FullMemoryDriver {
    override async createSnapshot(context: OperationContext, snapshot: Snapshot): Promise<ModelUpdate> {
      told.push(wordsOf('createSnapshot', snapshot.volume));
      return super.createSnapshot(context, snapshot);
    }

    override async deleteSnapshot(context: OperationContext, snapshot: Snapshot): Promise<void> {
      told.push(wordsOf('deleteSnapshot', snapshot.volume));
      return super.deleteSnapshot(context, snapshot);
    }

    override async extendVolume(
      context: OperationContext,
      volume: Volume,
      newSizeBytes: number,
    ): Promise<ModelUpdate> {
      told.push(wordsOf('extendVolume', volume));
      return super.extendVolume(context, volume, newSizeBytes);
    }

    override async createClonedVolume(
      context: OperationContext,
      volume: Volume,
      source: Volume,
    ): Promise<ModelUpdate> {
      told.push(wordsOf('createClonedVolume', source));
      return super.createClonedVolume(context, volume, source);
    }

    override async createVolumeFromSnapshot(
      context: OperationContext,
      volume: Volume,
      snapshot: Snapshot,
    ): Promise<ModelUpdate> {
      told.push(wordsOf('createVolumeFromSnapshot', snapshot.volume));
      return super.createVolumeFromSnapshot(context, volume, snapshot);
    }

    override async initializeConnection(
      context: OperationContext,
      volume: Volume,
      connector: Connector,
    ): Promise<ConnectionInfo> {
      told.push(wordsOf('initializeConnection', volume));
      const info = await super.initializeConnection(context, volume, connector);
      const newest = [...this.stored(volume).snapshots.keys()].at(-1);
      return { ...info, data: { ...info.data, file: newest ?? 'base' } };
    }
  }
  return defineDriver({
    name: 'online',
    apiRange: '^1.0.0',
    options: MEMORY_OPTIONS,
    capabilities: (Object.keys(CAPABILITIES) as Capability[]).filter((one) => !without.includes(one)),
    driver: OnlineDriver,
  });
}
