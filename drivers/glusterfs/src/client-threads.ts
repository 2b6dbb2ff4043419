import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

/** As many as GlusterFS lets a client have. */
const THREADS = 32;
/** As many as a client has unless told. */
const USUAL = 2;
/** How the layer that talks to a volume's first brick is named, after the volume. */
const FIRST_BRICK = '-client-0';

/**
 * Mount option for a client with many threads. In GlusterFS 10, where later ones have it as an option
 * (`fuse-setlk-handle-interrupt`), a request for a lock that a signal interrupts holds the thread that has its answer
 * until the server has answered for the interruption too, which takes another thread. Where all are held, the mount hangs for half an hour
 * (network.frame-timeout), or for good (gluster/glusterfs#4371). qemu-img asks for dozens of locks, and its own io_uring
 * interrupts it: a few of them at once are enough for a client with the usual two threads.
 */
export const MANY_THREADS = `xlator-option=*-client-*.event-threads=${String(THREADS)}`;

/** How to give a mounted client threads enough; `undefined` if it has as many, or does not tell. */
export async function threadProblem(mountPoint: string): Promise<string | undefined> {
  const graph = path.join(mountPoint, '.meta', 'graphs', 'active');
  const layers = await readdir(graph).catch(() => []);
  const layer = layers.find((name) => name.endsWith(FIRST_BRICK));
  if (layer === undefined) return undefined;
  const option = path.join(graph, layer, 'options', 'event-threads');
  const set = await readFile(option, 'utf8').catch(() => String(USUAL));
  if (Number(set) >= THREADS) return undefined;
  const volume = layer.slice(0, -FIRST_BRICK.length);
  const command = `gluster volume set ${volume} client.event-threads ${String(THREADS)}`;
  return `unmount it, it is then mounted with more, or run '${command}' on one of its servers`;
}
