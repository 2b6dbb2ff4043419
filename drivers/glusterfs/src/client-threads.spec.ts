import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { threadProblem } from './client-threads.js';

let mountPoint: string;
beforeEach(async () => {
  mountPoint = await mkdtemp(path.join(tmpdir(), 'scoria-glusterfs-threads-'));
});
afterEach(() => rm(mountPoint, { recursive: true }));

const ADVICE =
  "unmount it, it is then mounted with more, or run 'gluster volume set some-v client.event-threads 32' on one of its servers";

it.each<[what: string, threads: string | undefined, problem: string | undefined]>([
  ['as many threads as it may have', '32\n', undefined],
  ['fewer', '4\n', ADVICE],
  ['as many as usual, of which it says nothing', undefined, ADVICE],
])('of a client with %s', async (_what, threads, problem) => {
  const graph = path.join(mountPoint, '.meta', 'graphs', 'active');
  for (const layer of ['some-v', 'some-v-client-0', 'some-v-client-1', 'some-v-md-cache']) {
    await mkdir(path.join(graph, layer, 'options'), { recursive: true });
  }
  if (threads !== undefined) {
    await writeFile(path.join(graph, 'some-v-client-0', 'options', 'event-threads'), threads);
  }
  expect(await threadProblem(mountPoint)).toBe(problem);
});

it('says nothing of a client that does not tell', async () => {
  expect(await threadProblem(mountPoint)).toBeUndefined();
});
