import type { OperationContext, Volume, VolumeLayer } from '@scoria/core';
import type { Chain } from '../chain/chain.js';
import { overlayIndex, snapshotIds } from '../chain/chain.js';
import type { FileVolumes } from './file-volumes.js';

/** See `InspectVolumes.chainOf`. */
export async function readLayers(
  context: OperationContext,
  volumes: FileVolumes,
  volume: Volume,
): Promise<VolumeLayer[]> {
  await using held = await volumes.hold(context, volume, 'shared');
  const first = volumes.names.volumeFile(volume.id);
  return layersOf(await held.tools.reader.readChain(volume), first);
}

/**
 * A snapshot's data is the file below its overlay, so that each file but the active one is some snapshot's data.
 * @param first the file that the volume was made with; a guest that took it in has left it out of the chain
 */
export function layersOf(chain: Chain, first: string): VolumeLayer[] {
  const ids = snapshotIds(chain);
  const layers = chain.layers.map(({ file, format, virtualBytes }, index): VolumeLayer => {
    const parent = chain.layers[index + 1]?.file;
    return {
      name: file,
      ...(parent === undefined ? {} : { parent }),
      sizeBytes: virtualBytes,
      format,
      ...(file === first ? { isOriginal: true } : {}),
      isVolume: index === 0,
      snapshotIds: index === 0 ? [] : ids.filter((id) => overlayIndex(chain, id) === index - 1),
    };
  });
  return layers.reverse();
}
