import type { GuestDisk } from '@scoria/core';
import { createContext } from '@scoria/core';
import { MemoryLogger } from '@scoria/testkit';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ShareDirectory } from '../chain/share-directory.js';
import type { GuestStep } from '../plan/plan.js';
import { GuestSteps } from './guest-steps.js';

const context = createContext({ requestId: 'req-1', logger: new MemoryLogger() });
const ACTIVE = 'active';
const [MERGED, BASE] = ['merged', 'base'];
const STEPS: Readonly<Record<'commit' | 'pull' | 'pull of all', GuestStep>> = {
  commit: {
    kind: 'guest-commit',
    active: 'x',
    above: ACTIVE,
    file: MERGED,
    base: { file: BASE, format: 'raw' },
  },
  pull: { kind: 'guest-pull', active: ACTIVE, file: MERGED, base: { file: BASE, format: 'raw' } },
  'pull of all': { kind: 'guest-pull', active: ACTIVE, file: MERGED },
};

let base: string;
let steps: GuestSteps;
beforeEach(async () => {
  base = await mkdtemp(path.join(tmpdir(), 'scoria-guest-steps-'));
  steps = new GuestSteps(new ShareDirectory(base));
});
afterEach(() => rm(base, { recursive: true, force: true }));

/** Makes the file above with another one below it, as a hypervisor leaves it; without one below, it stands alone. */
function put(below: string | undefined, format = 'raw'): void {
  const backing = below === undefined ? [] : ['-u', '-b', below, '-F', format];
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', ...backing, path.join(base, ACTIVE), '1M']);
}

/** A guest that notes what it is asked for, and does it or only says so. */
function guestThat(merges: () => void, has?: boolean): GuestDisk & { readonly asked: string[] } {
  const asked: string[] = [];
  const merge = (what: string) => async (): Promise<void> => {
    asked.push(what);
    merges();
    return Promise.resolve();
  };
  return {
    asked,
    hasOpen: async () => Promise.resolve(has),
    commit: merge('commit'),
    pull: merge('pull'),
  } as unknown as GuestDisk & { asked: string[] };
}

const afterwards = (name: keyof typeof STEPS): string | undefined =>
  name === 'pull of all' ? undefined : BASE;

describe.each(Object.keys(STEPS) as (keyof typeof STEPS)[])('a %s', (name) => {
  it('is made by the guest', async () => {
    put(MERGED, 'qcow2');
    const guest = guestThat(() => put(afterwards(name)));
    await steps.run(STEPS[name], guest, context);
    expect(guest.asked).toEqual([name === 'commit' ? 'commit' : 'pull']);
  });

  it('is not believed where the file is still below', async () => {
    put(MERGED, 'qcow2');
    const guest = guestThat(() => undefined);
    await expect(steps.run(STEPS[name], guest, context)).rejects.toMatchObject({ code: 'damaged' });
  });

  it('is not asked for again where it is made, and the guest cannot say so', async () => {
    put(afterwards(name));
    const guest = guestThat(() => undefined);
    await steps.run(STEPS[name], guest, context);
    expect(guest.asked).toEqual([]);
  });

  it.each([true, false])(
    'is asked for again where the guest can say whether it has the file: %s',
    async (has) => {
      put(afterwards(name));
      const guest = guestThat(() => undefined, has);
      await steps.run(STEPS[name], guest, context);
      expect(guest.asked).toHaveLength(1);
    },
  );
});
