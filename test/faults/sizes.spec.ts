import type { DriverError, ModelUpdate, Volume } from '@scoria/core';
import { applyUpdate, isDriverError, MIB } from '@scoria/core';
import { makeVolume } from '@scoria/testkit';
import { mkdtemp, rm, statfs } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { readShare, sameShare } from '../crash/share-image.js';
import type { DriverOnDirectory } from '../support/driver-on-directory.js';
import { startDriver } from '../support/driver-on-directory.js';
import { expectError } from './faulty-operation.js';

const TIB = 1024 ** 4;
const EXT4 = 0xef53;

const WRONG: readonly { readonly sizeBytes: number; readonly says: RegExp }[] = [
  { sizeBytes: 0, says: /0 is not more than 0 bytes/ },
  { sizeBytes: -512, says: /-512 is not more than 0 bytes/ },
  { sizeBytes: -1, says: /-1 is not more than 0 bytes/ },
  { sizeBytes: 1.5, says: /1\.5 is not a whole number of bytes/ },
  { sizeBytes: 511, says: /511 bytes is not a multiple of 512/ },
  { sizeBytes: MIB + 1, says: /1048577 bytes is not a multiple of 512/ },
  { sizeBytes: NaN, says: /NaN is not a whole number of bytes/ },
  { sizeBytes: Infinity, says: /Infinity is not a whole number of bytes/ },
  { sizeBytes: 2 ** 53, says: /9007199254740992 is not a whole number of bytes/ },
];

/** Sizes that only some file systems take. */
const HUGE = [16 * TIB, 17 * TIB, 1024 * TIB, 2 ** 53 - 512];

describe.each(['raw', 'qcow2'])('sizes of %s volumes', (format) => {
  let base: string;
  let on: DriverOnDirectory;
  let volume: Volume;
  beforeEach(async () => {
    base = await mkdtemp(path.join(os.tmpdir(), 'scoria-sizes-'));
    const options = { local_volume_format: format, max_over_subscription_ratio: 1e9 };
    on = await startDriver(path.join(base, 'share'), { options });
    volume = await create(MIB);
  });
  afterEach(async () => {
    await on[Symbol.asyncDispose]();
    await rm(base, { recursive: true, force: true });
  });

  async function create(sizeBytes: number): Promise<Volume> {
    const wanted = makeVolume({ sizeBytes });
    return {
      ...applyUpdate(wanted, await on.driver.createVolume(on.context(), wanted)),
      status: 'available',
    };
  }

  async function extend(sizeBytes: number): Promise<ModelUpdate> {
    return on.driver.extendVolume(on.context(), volume, sizeBytes);
  }

  /** The error of `work`, which has left the share as it was. */
  async function failureOf(work: () => Promise<unknown>): Promise<DriverError | undefined> {
    const share = path.join(base, 'share');
    const before = await readShare(share);
    try {
      await work();
      return undefined;
    } catch (error) {
      if (!isDriverError(error)) throw error;
      expect(sameShare(before, await readShare(share))).toBe(true);
      return error;
    }
  }

  it.each(WRONG)('refuses $sizeBytes', async ({ sizeBytes, says }) => {
    expectError(await failureOf(() => create(sizeBytes)), 'invalid-input', says);
    expectError(await failureOf(() => extend(sizeBytes)), 'invalid-input', says);
  });

  it('refuses to shrink', async () => {
    const error = await failureOf(() => extend(MIB / 2));
    expectError(error, 'invalid-input', /has 1048576 bytes and cannot shrink to 524288; volumes only grow/);
  });

  it.each(HUGE)(
    'makes a volume of %d bytes, or says that the file system does not take it',
    async (sizeBytes) => {
      const error = await failureOf(async () => {
        await on.driver.deleteVolume(on.context(), await create(sizeBytes));
      });
      await expectTooLarge(error, sizeBytes);
    },
  );

  it.each(HUGE)('extends to %d bytes, or says that the file system does not take it', async (sizeBytes) => {
    const error = await failureOf(() => extend(sizeBytes));
    await expectTooLarge(error, sizeBytes);
  });

  /** Raw files end below 16 TiB on ext4, and qcow2 has a limit of its own. */
  async function expectTooLarge(error: DriverError | undefined, sizeBytes: number): Promise<void> {
    if (error?.code === 'invalid-input') {
      expect(error.message).toMatch(/too large for file format 'qcow2'/);
    } else if (error !== undefined) {
      expectError(error, 'no-space', /file system|larger than|has room/);
    } else if (format === 'raw') {
      const { type } = await statfs(base);
      expect({ sizeBytes, isExt4: type === EXT4 }).toEqual({ sizeBytes, isExt4: false });
    }
  }
});
