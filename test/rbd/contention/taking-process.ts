/** Another process that takes a snapshot of each image whose name it is sent, and says so. */
import { NativeRbdClient } from '@scoria/librbd';

const [, , confFile = '', snapshot = ''] = process.argv;
const cluster = await new NativeRbdClient().connect({ confFile, timeoutMs: 20_000 });
const pool = await cluster.openPool('rbd');
process.on('message', (name: string) => {
  pool.createSnapshot(name, snapshot).then(
    () => process.send?.('done'),
    (error: unknown) => process.send?.(String(error)),
  );
});
process.once('disconnect', () => {
  process.exit(0);
});
