import type { DriverErrorCode } from '@scoria/core';
import { Clock, GIB } from '@scoria/core';
import type { VolumeTypeRecord } from '@scoria/store';
import type { OperationProcess, OperationStage } from './operation-stage.js';
import { CALLER } from './operation-stage.js';

/** All that a driver may say. */
export const CODES: readonly DriverErrorCode[] = [
  'volume-busy',
  'snapshot-busy',
  'volume-not-found',
  'snapshot-not-found',
  'already-exists',
  'invalid-input',
  'invalid-state',
  'invalid-connector',
  'not-supported',
  'no-space',
  'unsafe-image',
  'damaged',
  'unavailable',
  'timeout',
  'cancelled',
  'failed',
];

export async function madeVolume(process: OperationProcess, name = 'data'): Promise<string> {
  const { done } = await process.volumes.create(CALLER, { name, sizeBytes: GIB, backend: 'one' });
  return (await done).id;
}

export async function madeSnapshot(
  process: OperationProcess,
  volume: string,
  name = 'before',
): Promise<string> {
  // The order of snapshots is that of their times.
  await process.container.get<Clock>(Clock).sleep(5);
  const { done } = await process.snapshots.create(CALLER, { volume, name });
  return (await done).id;
}

/** A volume type in the records, whose id is its name. */
export async function madeType(
  { store }: OperationStage,
  name: string,
  extraSpecs: VolumeTypeRecord['extraSpecs'] = {},
  qosSpecs: VolumeTypeRecord['qosSpecs'] = {},
): Promise<void> {
  const createdAt = '2026-01-01T00:00:00.000Z';
  await store.insertVolumeType({ id: name, name, extraSpecs, qosSpecs, createdAt });
}

export async function write(process: OperationProcess, volume: string, text: string): Promise<void> {
  await process.data.useVolume(CALLER, volume, 'read-write', (device) =>
    device.write(0, Buffer.from(text.padEnd(512))),
  );
}

export async function read(process: OperationProcess, volume: string): Promise<string> {
  const bytes = await process.data.useVolume(CALLER, volume, 'read-only', (device) => device.read(0, 512));
  return bytes.toString().replace(/[\0 ]+$/, '');
}

/** The code an operation was refused or failed with, or `done`. */
export async function outcome(work: Promise<{ done: Promise<unknown> }>): Promise<string> {
  try {
    await (
      await work
    ).done;
    return 'done';
  } catch (error) {
    return (error as { code: string }).code;
  }
}
