import type { Volume } from '@scoria/core';
import { MIB } from '@scoria/core';
import { patternBytes, withDevice } from '@scoria/testkit';
import type { RbdBackend } from '../rbd-backend.js';

const CHUNK = 4 * MIB;

/** Options by which every clone of a {@link deepSource} is flattened in the background. */
export const FLATTEN_CLONES = { rbd_max_clone_depth: 1 };

/**
 * A volume with an ancestor that holds so much data, spread evenly: each clone of it has to be flattened.
 * @returns the ancestor and the volume; the clones of the latter have the same data
 */
export async function deepSource(
  backend: RbdBackend,
  sizeBytes: number,
  dataBytes: number,
): Promise<{ ancestor: Volume; source: Volume }> {
  const ancestor = await backend.createVolume(sizeBytes);
  await withDevice(backend.driver, backend.context(), ancestor, 'read-write', async (device) => {
    for (const offset of offsetsOf(sizeBytes, dataBytes)) await device.write(offset, chunkAt(offset));
    await device.flush();
  });
  return { ancestor, source: await backend.clone(ancestor) };
}

/** Whether a volume has the data of a {@link deepSource}, byte by byte. */
export async function hasData(backend: RbdBackend, volume: Volume, dataBytes: number): Promise<boolean> {
  return withDevice(backend.driver, backend.context(), volume, 'read-only', async (device) => {
    for (const offset of offsetsOf(volume.sizeBytes, dataBytes)) {
      if (!(await device.read(offset, CHUNK)).equals(chunkAt(offset))) return false;
    }
    return true;
  });
}

function offsetsOf(sizeBytes: number, dataBytes: number): number[] {
  const count = dataBytes / CHUNK;
  const apart = Math.floor(sizeBytes / count / CHUNK) * CHUNK;
  return Array.from({ length: count }, (_none, index) => index * apart);
}

function chunkAt(offset: number): Buffer {
  return patternBytes(1 + offset / CHUNK, CHUNK);
}
