import type { DeviceTarget, ModelUpdate, Volume } from '@scoria/core';
import { applyUpdate, isDriverError } from '@scoria/core';
import { copyToEmpty } from '../data/copy-data.js';
import { driverVolumeOf, toDriverSnapshot } from '../driver-objects.js';
import type { OperationRun } from '../engine/operation-handler.js';
import { onlyItsBackendClones } from './refusals.js';
import type { SnapshotSubject } from './snapshot-state.js';
import { snapshotOf } from './snapshot-state.js';
import type { VolumeSubject } from './volume-state.js';
import { volumeOf } from './volume-state.js';

/** What a new volume gets its data from. */
export type VolumeSource =
  | ({ readonly kind: 'volume' } & VolumeSubject)
  | ({ readonly kind: 'snapshot'; readonly volumeId: string; readonly backend: string } & SnapshotSubject);

/** A volume that is to be made of a source. */
export interface Filling {
  readonly volume: Volume;
  readonly backend: string;
  readonly source: VolumeSource;
}

/**
 * Makes a volume with the data of its source: by the backend itself where it holds the source and can, or else as an
 * empty one that is copied into.
 * @param onMade told when an empty volume is there and the copy begins
 */
export async function fillFromSource(
  run: OperationRun,
  filling: Filling,
  onMade: () => void,
): Promise<ModelUpdate> {
  const target = await targetOf(run, filling.source);
  return (await madeByBackend(run, filling, target)) ?? (await madeByCopy(run, filling, target, onMade));
}

async function targetOf(run: OperationRun, source: VolumeSource): Promise<DeviceTarget> {
  const volume = await driverVolumeOf(run.records, await volumeOf(run.records, source.volumeId));
  if (source.kind === 'volume') return { kind: 'volume', volume };
  const snapshot = await snapshotOf(run.records, source.snapshotId);
  return { kind: 'snapshot', snapshot: toDriverSnapshot(snapshot, volume) };
}

async function madeByBackend(
  run: OperationRun,
  { volume, backend, source }: Filling,
  target: DeviceTarget,
): Promise<ModelUpdate | undefined> {
  if (backend !== source.backend) return undefined;
  const { driver } = await run.backend(backend);
  try {
    return target.kind === 'snapshot'
      ? await driver.createVolumeFromSnapshot(run.context, volume, target.snapshot)
      : await driver.createClonedVolume(run.context, volume, target.volume);
  } catch (error) {
    if (isDriverError(error, 'not-supported') && !isInUse(source)) return undefined;
    throw error;
  }
}

async function madeByCopy(
  run: OperationRun,
  { volume, backend, source }: Filling,
  target: DeviceTarget,
  onMade: () => void,
): Promise<ModelUpdate> {
  if (isInUse(source)) throw onlyItsBackendClones(source);
  const { driver } = await run.backend(backend);
  const { driver: sourceDriver } = await run.backend(source.backend);
  const update = await driver.createVolume(run.context, volume);
  onMade();
  const made = applyUpdate(volume, update);
  await copyToEmpty(
    run.context,
    { driver: sourceDriver, target },
    { driver, target: { kind: 'volume', volume: made } },
  );
  return update;
}

/** What its guest writes during a copy would be in it in parts: nobody but its backend can say why it is not cloned. */
function isInUse(source: VolumeSource): source is VolumeSource & { readonly kind: 'volume' } {
  return source.kind === 'volume' && source.before === 'in-use';
}
