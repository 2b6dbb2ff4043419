import { jest } from '@jest/globals';
import { MIB } from '@scoria/core';
import type { RbdPool } from '@scoria/librbd';
import type { SimulatedCall } from '@scoria/librbd/simulated';
import { SimulatedCeph, SimulatedRbdClient } from '@scoria/librbd/simulated';
import type { RbdOptions } from '../options.js';
import { ProvisionedBytes } from './provisioned.js';

let client: SimulatedRbdClient;
let pool: RbdPool;
beforeEach(async () => {
  client = new SimulatedRbdClient(new SimulatedCeph());
  pool = await poolOf(20);
});

async function poolOf(timeoutMs: number): Promise<RbdPool> {
  return (await client.connect({ timeoutMs })).openPool('rbd');
}

async function make(count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    await pool.createImage(`image ${String(index)}`, { sizeBytes: MIB });
  }
}

/** Of a pool that others make images in, too, unless told. */
function provisioned(isExclusive = false): ProvisionedBytes {
  return new ProvisionedBytes({ rbd_exclusive_cinder_pool: isExclusive } as RbdOptions);
}

const isHead = ({ operation }: SimulatedCall): boolean => operation === 'head';

function looks(): number {
  return client.calls.filter(isHead).length;
}

it('what an image promised before is counted where there is no answer about it, and it is looked at again', async () => {
  await make(3);
  const bytes = provisioned(true);
  expect(await bytes.sum(pool)).toBe(3 * MIB);
  await pool.growImage('image 1', 5 * MIB);
  bytes.forget('image 1');
  client.faults.add({ when: isHead, times: 2, effect: { kind: 'hang' } });
  expect([await bytes.sum(pool), await bytes.sum(pool)]).toEqual([3 * MIB, 3 * MIB]);
  expect([await bytes.sum(pool), await bytes.sum(pool)]).toEqual([7 * MIB, 7 * MIB]);
  expect(looks()).toBe(6);
});

it('where there is no answer about an image of which nothing is known there is no sum, until there is one', async () => {
  await make(2);
  const bytes = provisioned(true);
  client.faults.add({ when: isHead, effect: { kind: 'hang' } });
  await expect(bytes.sum(pool)).rejects.toMatchObject({
    code: 'unavailable',
    message: 'what pool rbd has promised is not known: no answer about 1 of its images',
  });
  expect(await bytes.sum(pool)).toBe(2 * MIB);
});

it.each(['failed', 'permission'] as const)(
  'an image that cannot be read (%s) promises nothing, or what it did before, until it can be',
  async (code) => {
    await make(2);
    const bytes = provisioned(true);
    client.faults.add({ when: isHead, effect: { kind: 'fail', code } });
    expect([await bytes.sum(pool), await bytes.sum(pool)]).toEqual([MIB, 2 * MIB]);
    bytes.forget('image 0');
    client.faults.add({ when: isHead, effect: { kind: 'fail', code } });
    expect(await bytes.sum(pool)).toBe(2 * MIB);
  },
);

it.each(['disconnected', 'closed'] as const)('without a connection (%s) there is no sum', async (code) => {
  await make(2);
  const bytes = provisioned();
  await bytes.sum(pool);
  client.faults.add({ when: isHead, effect: { kind: 'fail', code } });
  await expect(bytes.sum(pool)).rejects.toMatchObject({ code });
  expect(await bytes.sum(pool)).toBe(2 * MIB);
});

it('of many images that are not answered a few are waited for', async () => {
  await make(100);
  const bytes = provisioned();
  await bytes.sum(pool);
  client.faults.add({ when: isHead, times: 100, effect: { kind: 'hang' } });
  expect(await bytes.sum(pool)).toBe(100 * MIB);
  expect(looks()).toBe(108);
});

it('those of which nothing is known come first', async () => {
  await make(20);
  const bytes = provisioned();
  await bytes.sum(pool);
  await pool.createImage('new', { sizeBytes: MIB });
  client.faults.add({
    when: (call) => isHead(call) && !call.object.endsWith('/new'),
    times: 100,
    effect: { kind: 'hang' },
  });
  expect(await bytes.sum(pool)).toBe(21 * MIB);
});

it('no image is waited for as long as a call may take', async () => {
  const patient = await poolOf(60_000);
  await make(2);
  const bytes = provisioned();
  await bytes.sum(patient);
  client.faults.add({ when: isHead, effect: { kind: 'hang' } });
  jest.useFakeTimers({ now: 0 });
  try {
    const sum = bytes.sum(patient);
    const ended = sum.then(() => Date.now());
    await jest.advanceTimersByTimeAsync(60_000);
    expect([await sum, await ended]).toEqual([2 * MIB, 5000]);
  } finally {
    jest.useRealTimers();
  }
});
