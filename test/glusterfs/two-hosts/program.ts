import type { Snapshot, Volume } from '@scoria/core';
import { isDriverError, messageOf } from '@scoria/core';
import { QmpCompute } from '@scoria/disk-image';
import { isOpenInQemu } from '@scoria/host';
import { createHash } from 'node:crypto';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { GlusterBackend } from '../gluster-backend.js';
import type { HostStart, Line, NumberedOrder, Order, OrderEnd } from './orders.js';
import { countUp } from './shared-counter.js';

/* What serves a share on one of two hosts: the GlusterFS driver, which obeys one order after the other, until killed. */

const start = JSON.parse(process.argv[2] ?? '{}') as HostStart;
let current: NumberedOrder | undefined;

const backend = await GlusterBackend.start(start, {
  shares: start.share,
  mountPointBase: start.mountPointBase,
  trusting: true,
  compute: new QmpCompute(),
  onStep: async (step) => {
    if (current?.stopAt === undefined || !step.startsWith(current.stopAt)) return;
    say({ number: current.number, end: 'stopped' });
    await new Promise(() => setInterval(() => undefined, 1000));
  },
});
const mountPoint = backend.mountPoint(start.share);

say({ number: 0, end: 'done', result: backend.warnings });
for await (const line of createInterface({ input: process.stdin })) {
  current = JSON.parse(line) as NumberedOrder;
  say({ number: current.number, ...(await obey(current)) });
}

function say(line: Line): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function obey(order: Order): Promise<OrderEnd> {
  try {
    return { end: 'done', result: await carryOut(order) };
  } catch (error) {
    const code = isDriverError(error) ? error.code : 'unexpected';
    return { end: 'refused', code, message: messageOf(error) };
  }
}

async function carryOut(order: Order): Promise<unknown> {
  switch (order.do) {
    case 'create-volume':
      return backend.createVolume(order.sizeBytes);
    case 'delete-volume':
      return backend.deleteVolume(order.volume);
    case 'write':
      return backend.write(order.volume, order.offset, Buffer.alloc(order.length, order.byte));
    case 'read':
      return digestOf(order.volume);
    case 'read-snapshot':
      return digestOf(order.snapshot);
    case 'extend':
      return backend.extend(order.volume, order.sizeBytes);
    case 'clone':
      return backend.clone(order.volume);
    case 'snapshot':
      return backend.snapshot(order.volume, order.id);
    case 'delete-snapshot':
      return backend.deleteSnapshot(order.snapshot);
    case 'count':
      return countUp(mountPoint, order.times);
    case 'image-use':
      return isOpenInQemu(path.join(mountPoint, order.name));
  }
}

async function digestOf(object: Volume | Snapshot): Promise<string> {
  return createHash('sha256')
    .update(await backend.read(object))
    .digest('hex');
}
