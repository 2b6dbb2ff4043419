import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ShareDirectory } from '../chain/share-directory.js';
import type { GuestMerge, GuestSwitch } from './guest-signs.js';
import { GuestSigns } from './guest-signs.js';

const SWITCH: GuestSwitch = {
  kind: 'guest-switch',
  active: { file: 'old', format: 'qcow2' },
  overlay: 'new',
};
const COMMIT: GuestMerge = {
  kind: 'guest-commit',
  active: 'top',
  above: 'above',
  file: 'merged',
  base: { file: 'base', format: 'raw' },
};
const PULL: GuestMerge = { kind: 'guest-pull', active: 'above', file: 'merged' };

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'scoria-signs-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** @param written the files that a process of QEMU is seen to write to; `unknown` where no locks are kept */
function signs(written: readonly string[] | 'unknown'): GuestSigns {
  return new GuestSigns(new ShareDirectory(directory), async (file) => {
    const writing = written === 'unknown' ? written : written.includes(path.basename(file));
    return Promise.resolve({ writing });
  });
}

/** Makes the file above with another one below it, as a hypervisor leaves it. */
function put(below: string | undefined, format = 'raw'): void {
  const backing = below === undefined ? [] : ['-u', '-b', below, '-F', format];
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', ...backing, path.join(directory, 'above'), '1M']);
}

describe('of a switch', () => {
  it.each([
    [['new'], 'made'],
    [['old', 'new'], 'going-on'],
    [['old'], 'not-made'],
    [[], undefined],
    ['unknown', undefined],
  ] as const)('%j are written to: %s', async (written, expected) => {
    expect(await signs(written).ofSwitch(SWITCH)).toBe(expected);
  });
});

describe('of a merge', () => {
  it.each<[string, GuestMerge, string | undefined, string, readonly string[], string | undefined, boolean]>([
    ['a commit not begun', COMMIT, 'merged', 'qcow2', ['top'], undefined, true],
    ['a commit that goes on', COMMIT, 'merged', 'qcow2', ['top', 'base'], 'going-on', false],
    ['a commit that is made', COMMIT, 'base', 'raw', ['top'], 'made', false],
    ['a commit that is made, in the wrong format', COMMIT, 'base', 'qcow2', ['top'], undefined, false],
    ['a commit of which another came first', COMMIT, 'third', 'qcow2', ['top'], undefined, false],
    ['a pull not begun, or going on', PULL, 'merged', 'qcow2', ['above'], undefined, true],
    ['a pull that is made', PULL, undefined, '', ['above'], 'made', false],
  ])('%s', async (...args) => {
    const [, step, below, format, written, expected, untouched] = args;
    put(below, format);
    expect(await signs(written).ofMerge(step)).toBe(expected);
    expect(await signs(written).isUntouched(step)).toBe(untouched);
  });
});
