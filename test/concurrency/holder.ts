import type { Volume } from '@scoria/core';
import { LocalBackend } from '../support/local-backend.js';

/** A process that stops in the middle of an operation, holding the volume's lock, until it is killed. */
const { directory, volume } = JSON.parse(process.argv[2] ?? '{}') as { directory: string; volume: Volume };
const local = await LocalBackend.start(directory, {
  onStep: async (step) => {
    if (!step.startsWith('write the chain record')) return;
    process.stdout.write('holding\n');
    await new Promise(() => setInterval(() => undefined, 1000));
  },
});
await local.snapshot(volume);
