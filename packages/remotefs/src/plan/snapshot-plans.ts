import { DriverError } from '@scoria/core';
import type { Chain, Layer } from '../chain/chain.js';
import { activeLayer, newerSnapshots, overlayIndex, snapshotFile } from '../chain/chain.js';
import type { FileNames } from '../chain/file-names.js';
import type { ChainInfo } from '../chain/info-file.js';
import type { FileOfChain, Plan, Step } from './plan.js';

/**
 * A new overlay on the active file. Replacing the chain record is the commit point.
 * @param active the active file; nothing below it is needed, so the cost does not grow with the chain
 * @throws DriverError `already-exists` if the record has the snapshot
 */
export function planCreateSnapshot(
  names: FileNames,
  volumeId: string,
  snapshotId: string,
  info: ChainInfo | undefined,
  active: Layer,
): Plan {
  if (snapshotFile(info, snapshotId) !== undefined) {
    throw new DriverError({
      code: 'already-exists',
      message: `volume ${volumeId} has the snapshot ${snapshotId} already; take one with another id`,
      details: { volumeId, snapshotId },
    });
  }
  const file = names.overlay(volumeId, snapshotId);
  const next: ChainInfo = { active: file, snapshots: { ...info?.snapshots, [snapshotId]: file } };
  return {
    operation: 'create-snapshot',
    volumeId,
    steps: [
      {
        kind: 'create-overlay',
        file,
        backing: active.file,
        backingFormat: active.format,
        sizeBytes: active.virtualBytes,
      },
      { kind: 'write-info', info: next },
    ],
    journal: { onCrash: 'back', commitPoint: 1 },
    undo: [{ kind: 'remove', file }],
  };
}

/**
 * Merges the snapshot's own file into its own backing file. Whatever is above keeps reading the same: the file
 * above is pointed at the backing file, or the backing file becomes active.
 * `undefined` where the record does not have the snapshot: it is deleted already, or never came to be.
 */
export function planDeleteSnapshot(names: FileNames, chain: Chain, snapshotId: string): Plan | undefined {
  const { info, volumeId } = chain;
  const file = snapshotFile(info, snapshotId);
  if (info === undefined || file === undefined) return undefined;
  const snapshots = without(info.snapshots, snapshotId);
  if (Object.values(snapshots).includes(file)) return dropOnly(names, chain, snapshots);
  const { merged, below, above } = neighbours(chain, snapshotId);
  const [backing] = below;
  const active = above === undefined ? backing.file : info.active;
  const steps: Step[] = [
    { kind: 'commit', file: merged.file, below: [fileOf(backing), ...below.slice(1).map(fileOf)] },
  ];
  if (above !== undefined) steps.push(rebase(above, backing));
  steps.push({ kind: 'write-info', info: recordOf(names, volumeId, active, snapshots) });
  const commitPoint = steps.length - 1;
  steps.push({ kind: 'remove', file: merged.file });
  return {
    operation: 'delete-snapshot',
    volumeId,
    steps,
    journal: { onCrash: 'forward', commitPoint },
    undo: [],
  };
}

/** Whether nothing is merged: see {@link dropOnly}. */
export function dropsOnlyTheEntry({ steps }: Plan): boolean {
  return !steps.some(({ kind }) => kind === 'commit');
}

/** Another snapshot has the same file (an old record): only the entry goes. */
function dropOnly(names: FileNames, chain: Chain, snapshots: Readonly<Record<string, string>>): Plan {
  const info = recordOf(names, chain.volumeId, activeLayer(chain).file, snapshots);
  return {
    operation: 'delete-snapshot',
    volumeId: chain.volumeId,
    steps: [{ kind: 'write-info', info }],
    undo: [],
  };
}

/** A snapshot's own file with those around it. */
export interface Neighbours {
  readonly merged: Layer;
  readonly below: readonly [Layer, ...Layer[]];
  readonly above: Layer | undefined;
}

/** @throws DriverError `damaged` where the snapshot's file is not in the chain */
export function neighbours(chain: Chain, snapshotId: string): Neighbours {
  const file = snapshotFile(chain.info, snapshotId);
  const index = overlayIndex(chain, snapshotId);
  const merged = chain.layers[index];
  const [backing, ...deeper] = chain.layers.slice(index + 1);
  if (index === -1 || merged === undefined || backing === undefined) {
    throw new DriverError({
      code: 'damaged',
      message:
        `snapshot ${snapshotId} of volume ${chain.volumeId} cannot be deleted: its file ${String(file)} ` +
        (index === -1 ? 'is not in the chain of the active file' : 'has no backing file') +
        '. Nothing was changed; compare the chain record with the files',
      details: { volumeId: chain.volumeId, snapshotId, file },
    });
  }
  return { merged, below: [backing, ...deeper], above: chain.layers[index - 1] };
}

export function fileOf({ file, format }: Layer): FileOfChain {
  return { file, format };
}

export function rebase(above: Layer, backing: Layer): Step {
  return { kind: 'rebase', file: above.file, backing: backing.file, backingFormat: backing.format };
}

/** No record is needed when there are no snapshots and the active file has the volume's own name. */
export function recordOf(
  names: FileNames,
  volumeId: string,
  active: string,
  snapshots: Readonly<Record<string, string>>,
): ChainInfo | undefined {
  const needed = Object.keys(snapshots).length > 0 || active !== names.volumeFile(volumeId);
  return needed ? { active, snapshots } : undefined;
}

export function without(snapshots: Readonly<Record<string, string>>, id: string): Record<string, string> {
  return Object.fromEntries(Object.entries(snapshots).filter(([key]) => key !== id));
}

/**
 * An empty overlay takes the place of the active one, in one atomic step.
 * @throws DriverError `snapshot-not-found`; `snapshot-busy` naming the newer snapshots
 */
export function planRevert(chain: Chain, snapshotId: string, sizeBytes: number): Plan {
  const { volumeId } = chain;
  const index = overlayIndex(chain, snapshotId);
  const overlay = chain.layers[index];
  const backing = chain.layers[index + 1];
  if (index === -1 || overlay === undefined || backing === undefined) {
    throw new DriverError({
      code: 'snapshot-not-found',
      message: `volume ${volumeId} cannot be reverted: it has no snapshot ${snapshotId}`,
      details: { volumeId, snapshotId },
    });
  }
  refuseOlder(chain, snapshotId, index);
  const file = { temporary: `${volumeId}.revert` };
  return {
    operation: 'revert-to-snapshot',
    volumeId,
    steps: [
      { kind: 'create-overlay', file, backing: backing.file, backingFormat: backing.format, sizeBytes },
      { kind: 'replace', file, as: overlay.file },
    ],
    undo: [{ kind: 'remove', file }],
  };
}

function refuseOlder(chain: Chain, snapshotId: string, index: number): void {
  const newer = newerSnapshots(chain, snapshotId);
  if (newer.length === 0 && index === 0) return;
  throw new DriverError({
    code: 'snapshot-busy',
    message:
      `volume ${chain.volumeId} can be reverted to its newest snapshot only; ${snapshotId} is older than ` +
      `${newer.join(', ')}: delete those first`,
    details: { volumeId: chain.volumeId, snapshotId, heldBy: newer },
  });
}
