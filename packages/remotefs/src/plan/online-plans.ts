import type { Chain, Layer } from '../chain/chain.js';
import type { FileNames } from '../chain/file-names.js';
import { temporarySnapshotId } from '../chain/file-names.js';
import type { ChainInfo } from '../chain/info-file.js';
import type { Plan, Step } from './plan.js';
import type { Neighbours } from './snapshot-plans.js';
import {
  dropsOnlyTheEntry,
  fileOf,
  neighbours,
  planCreateSnapshot,
  planDeleteSnapshot,
  rebase,
  recordOf,
  without,
} from './snapshot-plans.js';

// Snapshots of a volume that a running guest uses: its own process changes the chain, and Scoria the chain record. The
// journal lets another process finish what one has begun, with the guest if it runs, on the files if it has ended.

/**
 * A new overlay, to which the guest writes from then on. It has its name only when it is whole: from there on it may
 * hold what a guest has written. Where the guest has ended meanwhile, the snapshot stays: one that the guest has not got
 * to has an empty overlay, which changes nothing.
 * @throws DriverError `already-exists` if the record has the snapshot
 */
export function planCreateSnapshotOnline(
  names: FileNames,
  volumeId: string,
  snapshotId: string,
  info: ChainInfo | undefined,
  active: Layer,
): Plan {
  const { steps, undo, ...plan } = planCreateSnapshot(names, volumeId, snapshotId, info, active);
  const [create, write] = steps;
  if (create?.kind !== 'create-overlay' || typeof create.file !== 'string' || write === undefined)
    throw new TypeError('a snapshot is an overlay and a record');
  const file = { temporary: `${volumeId}.overlay` };
  return {
    ...plan,
    steps: [
      { ...create, file },
      { kind: 'publish', file, as: create.file },
      { kind: 'guest-switch', active: fileOf(active), overlay: create.file },
      write,
    ],
    journal: { onCrash: 'forward', commitPoint: 3 },
    undo: [{ kind: 'remove', file }, ...undo],
    online: { snapshotId, whenGone: [write] },
  };
}

/**
 * The newest snapshot: the active file takes in the file below it, which goes. Any other: its own file is committed
 * into the one below it.
 * `undefined` where the record does not have the snapshot: it is deleted already, or never came to be.
 */
export function planDeleteSnapshotOnline(
  names: FileNames,
  chain: Chain,
  snapshotId: string,
): Plan | undefined {
  const plan = planDeleteSnapshot(names, chain, snapshotId);
  if (plan === undefined || dropsOnlyTheEntry(plan)) return plan;
  const around = neighbours(chain, snapshotId);
  return around.above === undefined
    ? planPull(names, chain, snapshotId, around)
    : planCommit(names, chain, plan, { ...around, above: around.above }, snapshotId);
}

function planCommit(
  names: FileNames,
  chain: Chain,
  offline: Plan,
  { merged, below, above }: Neighbours & { readonly above: Layer },
  snapshotId: string,
): Plan {
  const active = chain.layers[0].file;
  const base = fileOf(below[0]);
  // As offline, but for who merges and points the file above at the base.
  const rest = offline.steps.slice(offline.steps.findIndex(({ kind }) => kind === 'write-info'));
  const flush = flushing(names, chain);
  return {
    operation: 'delete-snapshot',
    volumeId: chain.volumeId,
    steps: [
      { kind: 'guest-commit', active, above: above.file, file: merged.file, base },
      ...flush.steps,
      ...rest,
    ],
    journal: { onCrash: 'forward', commitPoint: 1 + flush.steps.length },
    undo: flush.undo,
    // A guest that was killed right after the job may have named the base above before all of it was written.
    online: { snapshotId, whenGone: [...flush.undo, rebase(above, merged), ...offline.steps] },
  };
}

function planPull(names: FileNames, chain: Chain, snapshotId: string, { merged, below }: Neighbours): Plan {
  const [pulled, base] = below;
  const active = merged.file;
  const snapshots = Object.fromEntries(
    Object.entries(without(chain.info?.snapshots ?? {}, snapshotId)).map(([id, file]) => [
      id,
      file === pulled.file ? active : file,
    ]),
  );
  const flush = flushing(names, chain);
  const steps: Step[] = [
    {
      kind: 'guest-pull',
      active,
      file: pulled.file,
      ...(base === undefined ? {} : { base: fileOf(base) }),
    },
    ...flush.steps,
    { kind: 'write-info', info: recordOf(names, chain.volumeId, active, snapshots) },
    { kind: 'remove', file: pulled.file },
  ];
  return {
    operation: 'delete-snapshot',
    volumeId: chain.volumeId,
    steps,
    journal: { onCrash: 'forward', commitPoint: steps.length - 2 },
    undo: flush.undo,
    // What was pulled before the guest ended is what is below anyway; with that below again, nothing has happened.
    online: { snapshotId, whenGone: [...flush.undo, rebase(merged, pulled)] },
  };
}

/**
 * An overlay that nobody needs, for the time that the guest needs to write out what it has in memory. It is beside the
 * others, where the guest's process may open files, and its name is that of no snapshot that there can be.
 */
function flushing(names: FileNames, { volumeId, layers }: Chain): Flushing {
  const scratch = names.overlay(volumeId, temporarySnapshotId(volumeId));
  const [active] = layers;
  const create: Step = {
    kind: 'create-overlay',
    file: scratch,
    backing: active.file,
    backingFormat: active.format,
    sizeBytes: active.virtualBytes,
  };
  const remove: Step = { kind: 'remove', file: scratch };
  const flush: Step = { kind: 'guest-flush', active: active.file, scratch };
  return { steps: [remove, create, flush, remove], undo: [remove] };
}

interface Flushing {
  readonly steps: readonly Step[];
  readonly undo: readonly Step[];
}
