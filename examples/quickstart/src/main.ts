import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Scoria } from './scoria.js';
import { tour } from './tour.js';

const UUID = /([0-9a-f]{8})(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

const directory = await mkdtemp(path.join(tmpdir(), 'scoria-quickstart-'));
try {
  // Ids are long; their first letters are enough to follow them.
  const say = (line: string): void => {
    console.log(line.replace(UUID, '$1'));
  };
  await tour(new Scoria(directory, say), say);
} finally {
  await rm(directory, { recursive: true, force: true });
}
