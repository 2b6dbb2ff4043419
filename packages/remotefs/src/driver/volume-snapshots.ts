import type { GuestDisk, OperationContext, Volume } from '@scoria/core';
import { activeLayer, snapshotFile } from '../chain/chain.js';
import type { ChainInfo } from '../chain/info-file.js';
import type { FileVolumes, HeldVolume } from './file-volumes.js';
import type { ChainMode, SnapshotOf } from './held-plans.js';
import { createSnapshotPlan, deleteSnapshotPlan, ifThere } from './held-plans.js';

// Snapshots of a volume that is held: made by the guest's process where one runs, and on the files where none does.

/** @returns the snapshot's size in bytes */
export async function takeSnapshot(
  context: OperationContext,
  volumes: FileVolumes,
  held: HeldVolume,
  snapshot: SnapshotOf,
): Promise<number> {
  const view = await held.tools.reader.readActive(snapshot.volume);
  const { info, active } = view;
  await using guest = await openGuest(context, volumes, held, snapshot, { info, active: active.file });
  const plan = await createSnapshotPlan(volumes, held, snapshot, view, modeWith(guest));
  await held.tools.executor.run(context, plan, guest);
  return view.active.virtualBytes;
}

/** @returns false where there was nothing to delete */
export async function dropSnapshot(
  context: OperationContext,
  volumes: FileVolumes,
  held: HeldVolume,
  snapshot: SnapshotOf,
): Promise<boolean> {
  const chain = await ifThere(held.tools.reader.readChain(snapshot.volume));
  // One that never came to be is no business of a guest's, which may not even answer.
  if (chain === undefined || snapshotFile(chain.info, snapshot.id) === undefined) return false;
  const { info } = chain;
  const active = activeLayer(chain).file;
  await using guest = await openGuest(context, volumes, held, snapshot, { info, active });
  const plan = await deleteSnapshotPlan(volumes, held, snapshot.id, chain, modeWith(guest));
  if (plan !== undefined) await held.tools.executor.run(context, plan, guest);
  return plan !== undefined;
}

/** How an operation on the chain would be carried out, as far as the records tell. */
export function recordedMode({ attachments = [] }: Pick<Volume, 'attachments'>): ChainMode {
  return attachments.length > 0 ? 'online' : 'offline';
}

function modeWith(guest: GuestDisk | undefined): ChainMode {
  return guest === undefined ? 'offline' : 'online';
}

async function openGuest(
  context: OperationContext,
  volumes: FileVolumes,
  { tools }: HeldVolume,
  { volume, id }: SnapshotOf,
  { info, active }: { info: ChainInfo | undefined; active: string },
): Promise<GuestDisk | undefined> {
  const files = [volumes.names.volumeFile(volume.id), ...Object.values(info?.snapshots ?? {})];
  const older = files.filter((file) => file !== active).map((file) => tools.directory.file(file));
  return volumes.guests.open(context, volume, id, tools.directory.file(active), older);
}
