import { CommandRunner, DriverError } from '@scoria/core';
import type { BlockDevice, DeviceMode, DeviceTarget, OperationContext, Volume } from '@scoria/core';
import { openChainDevice, RawFileDevice } from '@scoria/disk-image';
import type { ChainDeviceRequest } from '@scoria/disk-image';
import { inject, injectable } from 'inversify';
import type { Chain, Layer } from '../chain/chain.js';
import { overlayIndex, snapshotLayers } from '../chain/chain.js';
import { HeldDevice } from './held-device.js';
import { FileVolumes } from './file-volumes.js';

/** Opens the raw view of volumes and snapshots. */
@injectable()
export class VolumeDevices {
  constructor(
    @inject(FileVolumes) private readonly volumes: FileVolumes,
    @inject(CommandRunner) private readonly commands: CommandRunner,
  ) {}

  /**
   * See `VolumeDriver.openDevice`. The volume's lock is held until the device is closed: nobody changes a chain that
   * is being read, and nobody reads a volume that is being written.
   */
  async open(context: OperationContext, target: DeviceTarget, mode: DeviceMode): Promise<BlockDevice> {
    const volume = target.kind === 'volume' ? target.volume : target.snapshot.volume;
    const held = await this.volumes.hold(context, volume, mode === 'read-write' ? 'exclusive' : 'shared');
    try {
      const chain = await held.tools.reader.readChain(volume);
      const layers = layersOf(chain, target, volume);
      const layerOfSnapshot = (snapshotId: string): number | undefined =>
        layerBelow(chain, layers, snapshotId);
      const isBelow = (snapshotId: string): boolean => layerOfSnapshot(snapshotId) !== undefined;
      const files = layers.map(({ file, format }) => ({ path: held.tools.directory.file(file), format }));
      const { signal } = context;
      const locksIn = [held.tools.directory.path];
      const device = await openFiles(this.commands, {
        layers: files,
        mode,
        signal,
        layerOfSnapshot,
        locksIn,
      });
      return new HeldDevice(device, isBelow, async () => held[Symbol.asyncDispose]());
    } catch (error) {
      await held[Symbol.asyncDispose]();
      throw error;
    }
  }
}

/** One raw file needs no server in front of it. */
async function openFiles(commands: CommandRunner, request: ChainDeviceRequest): Promise<BlockDevice> {
  const [only, ...more] = request.layers;
  if (only?.format === 'raw' && more.length === 0) return RawFileDevice.open(only.path, request.mode);
  return openChainDevice(commands, request);
}

/** The place in `layers` of the file that holds the snapshot's data, for a snapshot below them. */
function layerBelow(chain: Chain, layers: readonly Layer[], snapshotId: string): number | undefined {
  const overlay = overlayIndex(chain, snapshotId);
  const index = overlay + 1 - (chain.layers.length - layers.length);
  return overlay === -1 || index < 1 ? undefined : index;
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
