import { OptionsError, validateOptions } from '@scoria/core';
import { MOST_TRASH_SECONDS } from '@scoria/librbd';
import { MemoryLogger } from '@scoria/testkit';
import { Chores } from './background/chores.js';
import type { Recovery } from './background/recovery.js';
import type { RbdOptions } from './options.js';
import { RBD_OPTIONS } from './options.js';

const subject = 'backend rbd';
const MOST = {
  deferred_deletion_delay: MOST_TRASH_SECONDS,
  deferred_deletion_purge_interval: 2_147_483,
};

function validated(options: Readonly<Record<string, unknown>>): RbdOptions {
  return validateOptions(RBD_OPTIONS, options, { subject });
}

it.each(Object.entries(MOST))('%s can be %i, and no more', (name, most) => {
  expect(validated({ [name]: most })).toMatchObject({ [name]: most });
  for (const value of [most + 1, 2 ** 32]) {
    expect(() => validated({ [name]: value })).toThrow(OptionsError);
    expect(() => validated({ [name]: value })).toThrow(`must be <= ${String(most)}`);
  }
});

it('with the longest interval what is left to be done is not looked at all the time', async () => {
  let looks = 0;
  const recovery = { again: () => Promise.resolve((looks += 1)) } as unknown as Recovery;
  const chores = new Chores(recovery, new MemoryLogger(), validated(MOST));
  chores.begin();
  await new Promise((resolve) => setTimeout(resolve, 20));
  await chores.end();
  expect(looks).toBe(0);
});
