import { DriverError } from '@scoria/core';
import type {
  BlockDevice,
  CommandRunner,
  DeviceMode,
  DeviceTarget,
  OperationContext,
  Volume,
} from '@scoria/core';
import { openChainDevice, RawFileDevice } from '@scoria/disk-image';
import type { Chain, Layer } from '../chain/chain.js';
import { overlayIndex, snapshotLayers } from '../chain/chain.js';
import type { ShareDirectory } from '../chain/share-directory.js';
import { HeldDevice } from './held-device.js';
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
  try {
    const chain = await held.tools.reader.readChain(volume);
    const layers = layersOf(chain, target, volume);
    const device = await openLayers(context, commands, held.tools.directory, chain, layers, mode);
    return new HeldDevice(device, async () => held[Symbol.asyncDispose]());
  } catch (error) {
    await held[Symbol.asyncDispose]();
    throw error;
  }
}

/** One raw file needs no server in front of it. */
async function openLayers(
  { signal }: OperationContext,
  commands: CommandRunner,
  directory: ShareDirectory,
  chain: Chain,
  layers: readonly Layer[],
  mode: DeviceMode,
): Promise<BlockDevice> {
  const files = layers.map(({ file, format }) => ({ path: directory.file(file), format }));
  const [only, ...more] = files;
  if (only?.format === 'raw' && more.length === 0) return await RawFileDevice.open(only.path, mode);
  const skipped = chain.layers.length - layers.length;
  const layerOfSnapshot = (snapshotId: string): number | undefined => {
    const index = overlayIndex(chain, snapshotId) + 1 - skipped;
    return overlayIndex(chain, snapshotId) === -1 || index < 1 ? undefined : index;
  };
  return await openChainDevice(commands, { layers: files, mode, signal, layerOfSnapshot });
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
