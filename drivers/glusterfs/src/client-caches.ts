import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

/**
 * Mount options for a client that asks its servers each time: what a name stands for, how large a file is, and what
 * is in it. Without them it answers with what was there before another host changed it, lock or no lock: an old chain
 * record is then taken for the record, and an old header for the header.
 */
export const UNCACHED = ['entry-timeout=0', 'attribute-timeout=0', 'direct-io-mode=enable'];

/**
 * What makes a mounted client answer from its memory, and how to end it; `undefined` if nothing does, or if it does
 * not tell. The client shows how it was started and what it is made of in a directory that is on no server.
 */
export async function cacheProblem(mountPoint: string): Promise<string | undefined> {
  const meta = path.join(mountPoint, '.meta');
  const commandLine = await readText(path.join(meta, 'cmdline'));
  if (commandLine === undefined) return undefined;
  if (!UNCACHED.every((option) => commandLine.includes(`--${option}`))) {
    return `it was mounted without ${UNCACHED.join(', ')}; unmount it, it is then mounted with them`;
  }
  return layerProblem(path.join(meta, 'graphs', 'active'));
}

/** The layer that keeps sizes and names is part of the client unless the volume's administrator takes it out. */
async function layerProblem(graph: string): Promise<string | undefined> {
  const layers = await readdir(graph).catch(() => []);
  const layer = layers.find((name) => name.endsWith('-md-cache'));
  if (layer === undefined) return undefined;
  const timeout = await readText(path.join(graph, layer, 'options', 'md-cache-timeout'));
  if (timeout?.trim() === '0') return undefined;
  const volume = layer.slice(0, -'-md-cache'.length);
  return `run 'gluster volume set ${volume} performance.stat-prefetch off' on one of its servers`;
}

async function readText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    return undefined; // not all versions have all of it
  }
}
