import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { cacheProblem, UNCACHED } from './client-caches.js';

let mountPoint: string;
beforeEach(async () => {
  mountPoint = await mkdtemp(path.join(tmpdir(), 'scoria-glusterfs-caches-'));
});
afterEach(() => rm(mountPoint, { recursive: true }));

/** What a client shows of itself. */
async function show(options: readonly string[], layers: Record<string, string | undefined>): Promise<void> {
  const graph = path.join(mountPoint, '.meta', 'graphs', 'active');
  for (const [layer, timeout] of Object.entries(layers)) {
    const directory = path.join(graph, layer, 'options');
    await mkdir(directory, { recursive: true });
    if (timeout !== undefined) await writeFile(path.join(directory, 'md-cache-timeout'), timeout);
  }
  const words = ['glusterfs', ...options.map((option) => `--${option}`), '--volume-id=/v'];
  await writeFile(path.join(mountPoint, '.meta', 'cmdline'), words.join(' '));
}

const LAYERS = { 'v-client-0': undefined, 'v-write-behind': undefined };
const ADVICE = "run 'gluster volume set v performance.stat-prefetch off' on one of its servers";

it.each<[string, readonly string[], Record<string, string | undefined>, string | undefined]>([
  ['no cache', UNCACHED, LAYERS, undefined],
  ['a cache that keeps nothing', UNCACHED, { ...LAYERS, 'v-md-cache': '0\n' }, undefined],
  ['a cache as it is by default', UNCACHED, { ...LAYERS, 'v-md-cache': undefined }, ADVICE],
  ['a cache that keeps things long', UNCACHED, { ...LAYERS, 'v-md-cache': '600\n' }, ADVICE],
  [
    'the options of another mount',
    ['entry-timeout=1'],
    LAYERS,
    'it was mounted without entry-timeout=0, attribute-timeout=0, direct-io-mode=enable; unmount it, it is then mounted with them',
  ],
])('of a client with %s', async (_what, options, layers, problem) => {
  await show(options, layers);
  expect(await cacheProblem(mountPoint)).toBe(problem);
});

it('says nothing of a client that does not tell', async () => {
  expect(await cacheProblem(mountPoint)).toBeUndefined();
});
