import { DriverError } from '@scoria/core';
import type { BlockDevice, DeviceMode, DeviceTarget, OperationContext, Volume } from '@scoria/core';
import { openChainDevice } from '@scoria/disk-image';
import type { Chain, Layer } from '../chain/chain.js';
import { overlayIndex, snapshotIds, snapshotLayers } from '../chain/chain.js';
import type { RemoteFsTools } from './remotefs-tools.js';

/**
 * The raw view of a volume or snapshot. The volume's lock is held until the device is closed: nobody changes a
 * chain that is being read, and nobody reads a volume that is being written.
 */
export async function openTarget(
  context: OperationContext,
  { volumes, commands }: RemoteFsTools,
  target: DeviceTarget,
  mode: DeviceMode,
): Promise<BlockDevice> {
  const volume = target.kind === 'volume' ? target.volume : target.snapshot.volume;
  const held = await volumes.hold(context, volume, mode === 'read-write' ? 'exclusive' : 'shared');
  const release = (): Promise<void> => Promise.resolve(held[Symbol.asyncDispose]());
  try {
    const chain = await held.tools.reader.readChain(volume);
    const layers = layersOf(chain, target, volume);
    return await openChainDevice(
      commands,
      {
        layers: layers.map(({ file, format }) => ({ path: held.tools.directory.file(file), format })),
        mode,
        snapshotDepths: snapshotDepths(chain, layers),
        onClose: release,
      },
      context,
    );
  } catch (error) {
    await release();
    throw error;
  }
}

function layersOf(chain: Chain, target: DeviceTarget, volume: Volume): readonly Layer[] {
  if (target.kind === 'volume') return chain.layers;
  const layers = snapshotLayers(chain, target.snapshot.id);
  if (layers.length > 0) return layers;
  throw new DriverError({
    code: 'snapshot-not-found',
    message: `volume ${volume.id} has no snapshot ${target.snapshot.id}`,
    details: { volumeId: volume.id, snapshotId: target.snapshot.id },
  });
}

/** For each snapshot below: how many of the opened layers hold what was written after it. */
function snapshotDepths(chain: Chain, layers: readonly Layer[]): Map<string, number> {
  const skipped = chain.layers.length - layers.length;
  const depths = snapshotIds(chain).map((id): [string, number] => [
    id,
    overlayIndex(chain, id) + 1 - skipped,
  ]);
  return new Map(depths.filter(([, depth]) => depth > 0));
}
