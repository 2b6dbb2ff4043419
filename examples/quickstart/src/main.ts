import { messageOf } from '@scoria/core';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startBackend } from './backend.js';
import { Tour } from './tour.js';

const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/** Ids are long; their first letters are enough to follow them. */
function shorten(text: string): string {
  return text.replace(UUID, (id) => id.slice(0, 4));
}

async function main(): Promise<void> {
  const directory = await mkdtemp(path.join(tmpdir(), 'scoria-quickstart-'));
  const say = (line: string): void => console.log(line);
  try {
    const running = await startBackend(directory, (step) => say(`    ${shorten(step)}`));
    try {
      await new Tour(running, say).run();
    } finally {
      await running.backend.stop(running.context());
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  console.error(messageOf(error));
  process.exitCode = 1;
});
