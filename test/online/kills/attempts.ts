import type { Snapshot, Volume } from '@scoria/core';
import { makeSnapshot, makeVolume } from '@scoria/testkit';
import { randomUUID } from 'node:crypto';
import type { WritingGuest } from '../writing-guest.js';
import type { KillScene } from './kill-scene.js';
import type { Work } from './orders.js';
import { filesOn, hasSnapshot } from './share-look.js';

/** An operation that is cut off, and what a manager does about it then. */
export interface Attempt {
  readonly work: Work;
  /** Whether it was done, as the files say. */
  isDone(): Promise<boolean>;
  /** Takes back what was to be made, and deletes once more what was to be deleted. */
  settle(): Promise<void>;
}

/** An operation on a volume in use. */
export interface Operation {
  readonly name: string;
  /** How many snapshots there are before. */
  readonly snapshots: number;
  begin(scene: KillScene): Attempt;
}

/** Everything that has a guest's process change its chain. */
export const OPERATIONS: readonly Operation[] = [
  { name: 'create a snapshot', snapshots: 1, begin: creates },
  { name: 'delete the only snapshot', snapshots: 1, begin: (scene) => deletes(scene, 0) },
  { name: 'delete the newest of three', snapshots: 3, begin: (scene) => deletes(scene, 2) },
  { name: 'delete the middle of three', snapshots: 3, begin: (scene) => deletes(scene, 1) },
  { name: 'delete the oldest of three', snapshots: 3, begin: (scene) => deletes(scene, 0) },
  { name: 'clone', snapshots: 1, begin: clones },
];

function creates(scene: KillScene): Attempt {
  const { volume, place } = scene;
  const snapshot = makeSnapshot(volume.volume, { id: randomUUID() });
  const requireMoment = momentsOf(scene);
  const isDone = async (): Promise<boolean> => hasSnapshot(place.directory, volume.volume.id, snapshot.id);
  const now = (): Snapshot => ({ ...snapshot, volume: volume.volume });
  return {
    work: { do: 'create-snapshot', snapshot },
    isDone,
    settle: async () => {
      if (await isDone()) requireMoment(await scene.read(now()));
      await scene.run((driver, context) => driver.deleteSnapshot(context, now()));
    },
  };
}

function deletes(scene: KillScene, place: number): Attempt {
  const { volume } = scene;
  const [point] = volume.snapshots.splice(place, 1);
  if (point === undefined) throw new Error(`there is no snapshot ${String(place)}`);
  const { id } = point.snapshot;
  return {
    work: { do: 'delete-snapshot', snapshot: volume.now(point) },
    isDone: async () => !(await hasSnapshot(scene.place.directory, volume.volume.id, id)),
    settle: async () => scene.run((driver, context) => driver.deleteSnapshot(context, volume.now(point))),
  };
}

function clones(scene: KillScene): Attempt {
  const source = scene.volume.volume;
  const clone = makeVolume({ id: randomUUID(), sizeBytes: source.sizeBytes });
  const { providerLocation, providerMetadata } = source;
  const made = {
    ...clone,
    providerMetadata,
    ...(providerLocation === undefined ? {} : { providerLocation }),
  };
  const unrecorded: Volume = { ...clone, status: 'creating' };
  const requireMoment = momentsOf(scene);
  const isDone = async (): Promise<boolean> =>
    (await filesOn(scene.place.directory)).includes(`volume-${clone.id}`);
  return {
    work: { do: 'clone', clone, source },
    isDone,
    settle: async () => {
      if (await isDone()) requireMoment(await scene.read(made));
      await scene.run((driver, context) => driver.deleteVolume(context, unrecorded));
      if (await isDone()) throw new Error('a clone that was taken back is still there');
    },
  };
}

/**
 * Says whether something reads as the volume did at one moment since now: while its guest wrote, or, where that one has
 * ended, as it has left it.
 */
function momentsOf({ volume, guest }: KillScene): (found: Buffer) => void {
  const { log } = guest;
  const least = log.acknowledged;
  const isOver = (now: WritingGuest | undefined): boolean => now !== guest;
  return (found) => {
    if (isOver(volume.guest) && found.equals(volume.bytes)) return;
    log.momentOf(found, least);
  };
}
