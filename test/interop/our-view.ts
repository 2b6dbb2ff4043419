import type { Snapshot, Volume } from '@scoria/core';
import { withDevice } from '@scoria/testkit';
import type { LocalBackend } from '../support/local-backend.js';
import { digestOf, WINDOWS } from './byte-model.js';

/** The digest of each of {@link WINDOWS} of a volume or snapshot, as far as it reaches, through our driver's device. */
export async function ourDigests(local: LocalBackend, object: Volume | Snapshot): Promise<string[]> {
  return withDevice(local.driver, local.context(), object, 'read-only', async (device) => {
    const digests: string[] = [];
    for (const { offset, length } of WINDOWS) {
      const end = Math.min(offset + length, device.sizeBytes);
      digests.push(digestOf(await device.read(offset, Math.max(0, end - offset))));
    }
    return digests;
  });
}
