import { DriverError } from '@scoria/core';
import type { Chain, FileFormat, Layer } from '../chain/chain.js';
import { snapshotIds } from '../chain/chain.js';
import type { FileNames } from '../chain/file-names.js';
import { isTemporarySnapshot } from '../chain/file-names.js';
import type { CopySource, Plan, Step } from './plan.js';

/** How new volume files are made on a backend. */
export interface FilePolicy {
  readonly format: FileFormat;
  readonly preallocated: boolean;
}

/** An empty volume: made under a temporary name, then published in one atomic step. */
export function planCreateVolume(
  names: FileNames,
  volumeId: string,
  sizeBytes: number,
  { format, preallocated }: FilePolicy,
): Plan {
  const file = { temporary: `${volumeId}.create` };
  return {
    operation: 'create-volume',
    volumeId,
    steps: [
      { kind: 'create-file', file, format, sizeBytes, preallocated },
      { kind: 'publish', file, as: names.volumeFile(volumeId) },
    ],
    undo: [{ kind: 'remove', file }],
  };
}

/**
 * A volume with the data of a chain. The copy has the source's size (copying even shrinks a larger file), so
 * growing is a step of its own.
 */
export function planCopyToVolume(
  names: FileNames,
  volumeId: string,
  sizeBytes: number,
  source: CopySource,
  { format, preallocated }: FilePolicy,
): Plan {
  const file = { temporary: `${volumeId}.copy` };
  return {
    operation: 'copy-to-volume',
    volumeId,
    steps: [
      { kind: 'copy', source, file, format, preallocated },
      { kind: 'grow', file, format, below: [], sizeBytes, preallocated },
      { kind: 'publish', file, as: names.volumeFile(volumeId) },
    ],
    undo: [{ kind: 'remove', file }],
  };
}

/** Grows the active file; what is below keeps its size until it is merged. */
export function planExtend(chain: Chain, sizeBytes: number, preallocated: boolean): Plan {
  const [{ file, format }, ...layers] = chain.layers;
  const below = layers.map((layer) => ({ file: layer.file, format: layer.format }));
  return {
    operation: 'extend-volume',
    volumeId: chain.volumeId,
    steps: [{ kind: 'grow', file, format, below, sizeBytes, preallocated }],
    undo: [],
  };
}

/**
 * Removes every file of a chain and its record. One file without a record goes in one step; more need the
 * journal, which is what names the files once the first is gone.
 * @throws DriverError `volume-busy` naming the snapshots
 */
export function planDeleteVolume(chain: Chain): Plan {
  const { volumeId } = chain;
  const held = snapshotIds(chain).filter((id) => !isTemporarySnapshot(id));
  if (held.length > 0) {
    throw new DriverError({
      code: 'volume-busy',
      message: `volume ${volumeId} has ${String(held.length)} snapshot(s): ${held.join(', ')}; delete those first`,
      details: { volumeId, heldBy: held },
    });
  }
  const steps: Step[] = chain.layers.map((layer) => ({ kind: 'remove', file: layer.file }));
  if (chain.info === undefined && steps.length === 1) {
    return { operation: 'delete-volume', volumeId, steps, undo: [] };
  }
  steps.push({ kind: 'write-info', info: undefined });
  return {
    operation: 'delete-volume',
    volumeId,
    steps,
    journal: { onCrash: 'forward', commitPoint: steps.length },
    undo: [],
  };
}

/** Gives a file that is on the share the volume's name, after it has been brought to whole sectors. */
export function planManage(names: FileNames, volumeId: string, found: Layer, sizeBytes: number): Plan {
  const { file, format } = found;
  const as = names.volumeFile(volumeId);
  const steps: Step[] = [{ kind: 'grow', file, format, below: [], sizeBytes, preallocated: false }];
  if (file !== as) steps.push({ kind: 'rename', file, as });
  return { operation: 'manage-volume', volumeId, steps, undo: [] };
}

/**
 * What a chain written by another program needs before it can be used: overlays that do not say their backing
 * file's format get it recorded, and a snapshot left over from a clone is merged away.
 */
export function planRecordFormats(chain: Chain, silent: readonly string[]): Plan {
  const steps: Step[] = [];
  chain.layers.forEach((layer, index) => {
    const backing = chain.layers[index + 1];
    if (backing === undefined || !silent.includes(layer.file)) return;
    steps.push({ kind: 'rebase', file: layer.file, backing: backing.file, backingFormat: backing.format });
  });
  return { operation: 'adopt-volume', volumeId: chain.volumeId, steps, undo: [] };
}
