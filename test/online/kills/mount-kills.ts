import { setTimeout as sleep } from 'node:timers/promises';
import type { GlusterServer } from '../../support/gluster-server.js';
import type { WritingGuest } from '../writing-guest.js';
import type { Death } from './guest-kills.js';

const PATIENCE_MS = 30_000;

/** The crash of the process behind a mount: the driver and the guest both lose the files. */
export function mountDeath(server: GlusterServer): Death {
  return {
    name: 'the mount dies',
    strike: async ({ place, guest }) => {
      await server.killClient(place.directory);
      await untilFailed(guest);
    },
    endsAll: true,
  };
}

/** @throws Error where the guest goes on as if it still had its disk */
async function untilFailed(guest: WritingGuest): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (isHealthy(guest)) {
    if (performance.now() > end) throw new Error('the guest sees no error of a disk that is gone');
    await sleep(5);
  }
}

function isHealthy(guest: WritingGuest): boolean {
  try {
    guest.requireHealthy();
    return true;
  } catch {
    return false;
  }
}
