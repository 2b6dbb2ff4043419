import { DriverError } from '@scoria/core';
import type { ModelUpdate, OperationContext, Snapshot, Volume } from '@scoria/core';
import type { ChainLayer } from '@scoria/disk-image';
import type { Chain, Layer } from '../chain/chain.js';
import { snapshotLayers } from '../chain/chain.js';
import type { ShareDirectory } from '../chain/share-directory.js';
import { planCopyToVolume } from '../plan/volume-plans.js';
import type { CopySource, Plan } from '../plan/plan.js';
import type { Share } from '../shares/share.js';
import type { FileVolumes } from './file-volumes.js';
import type { RemoteFsTools } from './remotefs-tools.js';
import { requireUnusedId } from './unused-names.js';

/** What a new volume is filled with. */
export interface DataSource {
  /** The volume whose chain is read. */
  readonly volume: Volume;
  /** The part of the chain that holds the data, newest first. */
  readonly layers: (chain: Chain) => readonly Layer[];
  /** For messages. */
  readonly name: string;
}

/** A volume as it is now. Its lock keeps it still while it is read, so no snapshot is needed for that. */
export function cloneOf(source: Volume): DataSource {
  return { volume: source, layers: (chain) => chain.layers, name: `volume ${source.id}` };
}

export function snapshotOf(snapshot: Pick<Snapshot, 'id' | 'volume'>): DataSource {
  return {
    volume: snapshot.volume,
    layers: (chain) => snapshotLayers(chain, snapshot.id),
    name: `snapshot ${snapshot.id}`,
  };
}

/**
 * Makes a volume with the data of `from`, on the same share if it has room, so that blocks can be shared.
 * @throws DriverError `snapshot-not-found`, `invalid-input` for a volume that is too small, `no-space`
 */
export async function copyIntoVolume(
  context: OperationContext,
  { volumes, placement }: RemoteFsTools,
  volume: Volume,
  from: DataSource,
): Promise<ModelUpdate> {
  const sourceShare = await volumes.shareOf(context, from.volume);
  const share = await placement.choose(context, volume.sizeBytes, sourceShare);
  const reading = { volumeId: from.volume.id, share: sourceShare, mode: 'shared' } as const;
  await using held = await volumes.holdNew(context, volume.id, share, reading);
  await held.tools.executor.run(context, await copyPlan(context, volumes, volume, sourceShare, from));
  return placedOn(share, volumes);
}

/** What is recorded of a new volume. */
export function placedOn({ share }: Share, { policy }: FileVolumes): ModelUpdate {
  return { providerLocation: share, providerMetadata: { format: policy.format } };
}

/** The plan of {@link copyIntoVolume}, for a source that is held and a volume that is not there yet. */
export async function copyPlan(
  context: OperationContext,
  volumes: FileVolumes,
  volume: Volume,
  sourceShare: Share,
  from: DataSource,
): Promise<Plan> {
  const { directory, reader } = volumes.toolsFor(sourceShare);
  const layers = from.layers(await reader.readChain(from.volume));
  const source = copySource(directory, layers, from);
  requireFit(volume, source, from.name);
  await requireUnusedId(context, volumes, volume.id);
  return planCopyToVolume(volumes.names, volume.id, volume.sizeBytes, source, volumes.policy);
}

function copySource(directory: ShareDirectory, layers: readonly Layer[], from: DataSource): CopySource {
  const [first, ...below] = layers;
  if (first === undefined) {
    throw new DriverError({
      code: 'snapshot-not-found',
      message: `${from.name} is not in the chain of volume ${from.volume.id}`,
    });
  }
  const at = ({ file, format }: Layer): ChainLayer => ({ path: directory.file(file), format });
  return { layers: [at(first), ...below.map(at)], virtualBytes: first.virtualBytes };
}

function requireFit(volume: Volume, source: CopySource, name: string): void {
  if (source.virtualBytes <= volume.sizeBytes) return;
  throw new DriverError({
    code: 'invalid-input',
    message:
      `volume ${volume.id} of ${String(volume.sizeBytes)} bytes cannot hold ${name}, which has ` +
      `${String(source.virtualBytes)} bytes`,
  });
}
