import type { DriverErrorCode, GuestDisk, OperationContext } from '@scoria/core';
import { createContext, DriverError } from '@scoria/core';
import { MemoryLogger } from '@scoria/testkit';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Chain, Layer } from '../chain/chain.js';
import { FileNames } from '../chain/file-names.js';
import { ShareDirectory } from '../chain/share-directory.js';
import { planCreateSnapshotOnline, planDeleteSnapshotOnline } from '../plan/online-plans.js';
import type { GuestStep, Plan, Step } from '../plan/plan.js';
import { GuestSigns } from './guest-signs.js';
import type { GuestSteps } from './guest-steps.js';
import { Journal } from './journal.js';
import type { OnlinePlan } from './online-executor.js';
import { OnlineExecutor } from './online-executor.js';
import type { StepRunner } from './step-runner.js';

const V = '0f5a2f2e-7a1c-4b7e-8b0c-000000000001';
const [S1, S2, S3] = ['1', '2', '3'].map((digit) => `0f5a2f2e-7a1c-4b7e-8b0c-10000000000${digit}`) as [
  string,
  string,
  string,
];
const SIZE = 1024 * 1024;
const names = new FileNames('volume-%s');

const layer = (file: string, format: Layer['format'] = 'qcow2'): Layer => ({
  file,
  format,
  virtualBytes: SIZE,
});
const chain: Chain = {
  volumeId: V,
  info: {
    active: names.overlay(V, S2),
    snapshots: { [S1]: names.overlay(V, S1), [S2]: names.overlay(V, S2) },
  },
  layers: [layer(names.overlay(V, S2)), layer(names.overlay(V, S1)), layer(names.volumeFile(V), 'raw')],
};
const PLANS = {
  create: planCreateSnapshotOnline(names, V, S3, chain.info, chain.layers[0]) as OnlinePlan,
  commit: planDeleteSnapshotOnline(names, chain, S1) as OnlinePlan,
  pull: planDeleteSnapshotOnline(names, chain, S2) as OnlinePlan,
};

/** Steps that are only noted, or fail. */
class Scene {
  readonly done: string[] = [];
  readonly executor: OnlineExecutor;
  readonly journal: Journal;
  failing: { readonly kind: Step['kind']; readonly code: DriverErrorCode } | undefined;
  committed = false;
  /** What the guest's process answers when it is asked for a file. */
  has: boolean | undefined = true;
  /** The files that a process of QEMU is seen to write to. */
  written: readonly string[] = [];
  readonly guest: GuestDisk;
  readonly directory: ShareDirectory;

  constructor(base: string) {
    const directory = new ShareDirectory(base);
    this.directory = directory;
    this.journal = new Journal(directory, names);
    const steps = { run: async (_id: string, step: Step) => this.#note(step) };
    const guestSteps = { run: async (step: GuestStep) => this.#note(step) };
    this.guest = { hasOpen: async () => Promise.resolve(this.has) } as unknown as GuestDisk;
    this.executor = new OnlineExecutor({
      directory,
      journal: this.journal,
      steps: steps as unknown as StepRunner,
      guestSteps: guestSteps as unknown as GuestSteps,
      signs: new GuestSigns(directory, async (file) =>
        Promise.resolve({ writing: this.written.includes(path.basename(file)) }),
      ),
      isCommitted: async () => Promise.resolve(this.committed),
    });
  }

  /** The overlay of the snapshot that is being taken, with something in it or not. */
  makeOverlay(written: boolean): void {
    const file = this.directory.file(names.overlay(V, S3));
    execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', file, String(SIZE)]);
    if (written) execFileSync('qemu-io', ['-f', 'qcow2', '-c', 'write 0 4096', file], { stdio: 'ignore' });
  }

  async hasJournal(): Promise<boolean> {
    return (await this.journal.read(V)) !== undefined;
  }

  async #note(step: Step): Promise<void> {
    if (this.failing?.kind === step.kind)
      throw new DriverError({ code: this.failing.code, message: `no ${step.kind}` });
    this.done.push(step.kind);
    return Promise.resolve();
  }
}

let base: string;
let scene: Scene;
let context: OperationContext;
let abort: AbortController;
beforeEach(async () => {
  base = await mkdtemp(path.join(tmpdir(), 'scoria-online-'));
  scene = new Scene(base);
  abort = new AbortController();
  context = createContext({ requestId: 'req-1', logger: new MemoryLogger(), signal: abort.signal });
});
afterEach(() => rm(base, { recursive: true, force: true }));

const kinds = ({ steps }: Plan): string[] => steps.map(({ kind }) => kind);
const FLUSH = ['remove', 'create-overlay', 'guest-flush', 'remove'];

describe('a run', () => {
  it.each(Object.entries(PLANS))(
    '%s: does every step, in order, and leaves no journal',
    async (_name, plan) => {
      await scene.executor.run(context, plan, scene.guest);
      expect(scene.done).toEqual(kinds(plan));
      expect(await scene.hasJournal()).toBe(false);
    },
  );

  it('takes back a snapshot that the guest did not switch to', async () => {
    scene.makeOverlay(false);
    scene.has = false;
    scene.failing = { kind: 'guest-switch', code: 'failed' };
    await expect(scene.executor.run(context, PLANS.create, scene.guest)).rejects.toMatchObject({
      code: 'failed',
    });
    expect(scene.done).toEqual(['create-overlay', 'publish', 'remove', 'remove']);
    expect(await scene.hasJournal()).toBe(false);
  });

  it('records a snapshot that the guest has switched to, whatever it said', async () => {
    scene.makeOverlay(true);
    scene.failing = { kind: 'guest-switch', code: 'failed' };
    await expect(scene.executor.run(context, PLANS.create, scene.guest)).rejects.toMatchObject({
      code: 'failed',
    });
    expect(scene.done).toEqual(['create-overlay', 'publish', 'write-info']);
    expect(await scene.hasJournal()).toBe(false);
  });

  it.each(['commit', 'pull'] as const)('%s: leaves all as it is where the guest refuses', async (name) => {
    scene.failing = { kind: `guest-${name}`, code: 'no-space' };
    await expect(scene.executor.run(context, PLANS[name], scene.guest)).rejects.toMatchObject({
      code: 'no-space',
    });
    expect(scene.done).toEqual(['remove']);
    expect(await scene.hasJournal()).toBe(false);
  });

  it.each([
    ['create', 'guest-switch'],
    ['commit', 'guest-commit'],
    ['pull', 'guest-pull'],
  ] as const)('%s: keeps the journal where nobody can tell', async (name, kind) => {
    scene.failing = { kind, code: 'unavailable' };
    await expect(scene.executor.run(context, PLANS[name], scene.guest)).rejects.toMatchObject({
      code: 'unavailable',
    });
    expect(await scene.hasJournal()).toBe(true);
  });

  it.each(['guest-flush', 'write-info', 'create-overlay'] as const)(
    'keeps the journal where the file has left the chain and %s fails',
    async (kind) => {
      scene.has = false;
      scene.failing = { kind, code: 'failed' };
      await expect(scene.executor.run(context, PLANS.commit, scene.guest)).rejects.toMatchObject({
        code: 'failed',
      });
      expect(await scene.hasJournal()).toBe(true);
      expect(scene.done).not.toContain('write-info');
    },
  );

  it('is cancelled before the guest is asked, and takes back what was made', async () => {
    scene.makeOverlay(false);
    scene.has = false;
    abort.abort();
    const quiet = createContext({ requestId: 'req-1', logger: new MemoryLogger() });
    const cancelledAtGuest: OperationContext = {
      ...quiet,
      step: async (name) => {
        if (name.startsWith('have the guest'))
          throw new DriverError({ code: 'cancelled', message: 'cancelled' });
        return quiet.step(name);
      },
    };
    await expect(scene.executor.run(cancelledAtGuest, PLANS.create, scene.guest)).rejects.toMatchObject({
      code: 'cancelled',
    });
    expect(scene.done).toEqual(['create-overlay', 'publish', 'remove', 'remove']);
  });
});

describe('after a death', () => {
  interface Case {
    readonly what: string;
    readonly plan: keyof typeof PLANS;
    readonly overlay?: 'empty' | 'written';
    readonly guest: 'runs' | 'gone';
    readonly has?: boolean | undefined;
    readonly committed?: boolean;
    readonly expected: readonly string[];
  }
  const CASES: readonly Case[] = [
    { what: 'nothing was made', plan: 'create', guest: 'runs', expected: ['remove', 'remove'] },
    { what: 'nothing was made', plan: 'create', guest: 'gone', expected: ['remove', 'remove'] },
    {
      what: 'the guest has not switched',
      plan: 'create',
      overlay: 'empty',
      guest: 'runs',
      has: false,
      expected: ['remove', 'remove'],
    },
    {
      what: 'the guest has switched',
      plan: 'create',
      overlay: 'written',
      guest: 'runs',
      has: true,
      expected: ['write-info'],
    },
    {
      what: 'the guest is gone, and may have written',
      plan: 'create',
      overlay: 'written',
      guest: 'gone',
      expected: ['write-info'],
    },
    {
      what: 'the record is written',
      plan: 'create',
      overlay: 'written',
      guest: 'runs',
      committed: true,
      expected: [],
    },
    { what: 'the guest runs', plan: 'commit', guest: 'runs', expected: kinds(PLANS.commit) },
    { what: 'the guest runs', plan: 'pull', guest: 'runs', expected: kinds(PLANS.pull) },
    {
      what: 'the guest is gone',
      plan: 'commit',
      guest: 'gone',
      expected: ['remove', 'rebase', 'commit', 'rebase', 'write-info', 'remove'],
    },
    { what: 'the guest is gone', plan: 'pull', guest: 'gone', expected: ['remove', 'rebase'] },
    { what: 'the record is written', plan: 'commit', guest: 'gone', committed: true, expected: ['remove'] },
    { what: 'the record is written', plan: 'pull', guest: 'runs', committed: true, expected: ['remove'] },
  ];

  it.each(CASES)(
    '$plan, $what ($guest)',
    async ({ plan, overlay, guest, has = true, committed = false, expected }) => {
      await scene.journal.write(PLANS[plan]);
      if (overlay !== undefined) scene.makeOverlay(overlay === 'written');
      Object.assign(scene, { has, committed });
      await scene.executor.recover(context, PLANS[plan], guest === 'runs' ? scene.guest : undefined);
      expect(scene.done).toEqual(expected);
      expect(await scene.hasJournal()).toBe(false);
    },
  );

  it('throws nothing away that a guest has written, though it says that it does not have the file', async () => {
    await scene.journal.write(PLANS.create);
    scene.makeOverlay(true);
    scene.has = false;
    await expect(scene.executor.recover(context, PLANS.create, scene.guest)).rejects.toMatchObject({
      code: 'damaged',
      message: expect.stringContaining('was started with an older file') as string,
    });
    expect(scene.done).toEqual([]);
    expect(await scene.hasJournal()).toBe(true);
  });

  it('waits for a guest whose side cannot tell yet', async () => {
    await scene.journal.write(PLANS.create);
    scene.makeOverlay(false);
    scene.has = undefined;
    await expect(scene.executor.recover(context, PLANS.create, scene.guest)).rejects.toMatchObject({
      code: 'unavailable',
    });
    expect(scene.done).toEqual([]);
    expect(await scene.hasJournal()).toBe(true);
  });

  it('has the steps of a guest done by the guest', () => {
    expect(kinds(PLANS.commit)).toEqual(['guest-commit', ...FLUSH, 'write-info', 'remove']);
    expect(kinds(PLANS.pull)).toEqual(['guest-pull', ...FLUSH, 'write-info', 'remove']);
  });
});

describe("with a guest's side that only reports, and whose report may be lost", () => {
  const [OLD, NEW] = [names.overlay(V, S2), names.overlay(V, S3)];
  type Said = boolean | undefined;
  type End = 'forward' | 'back' | 'stays' | 'damaged';
  /** What was reported of the switch, which files are written to, whether the overlay has data: what is done. */
  const SWITCHES: readonly [Said, readonly string[], 'empty' | 'written', End][] = [
    [undefined, [NEW], 'empty', 'forward'],
    [undefined, [NEW], 'written', 'forward'],
    [undefined, [OLD], 'empty', 'back'],
    [undefined, [OLD], 'written', 'damaged'],
    [undefined, [OLD, NEW], 'empty', 'stays'],
    [undefined, [], 'empty', 'stays'],
    [undefined, [], 'written', 'stays'],
    [true, [], 'empty', 'forward'],
    [true, [NEW], 'written', 'forward'],
    [true, [OLD, NEW], 'written', 'forward'],
    [true, [OLD], 'empty', 'back'],
    [true, [OLD], 'written', 'damaged'],
    [false, [], 'empty', 'back'],
    [false, [OLD], 'empty', 'back'],
    [false, [NEW], 'written', 'forward'],
    [false, [OLD], 'written', 'damaged'],
  ];
  const STEPS_OF: Readonly<Record<End, readonly string[]>> = {
    forward: ['write-info'],
    back: ['remove', 'remove'],
    stays: [],
    damaged: [],
  };

  it.each(SWITCHES)(
    'a switch (reported: %s; written to: %j; the overlay is %s) goes: %s',
    async (has, written, overlay, end) => {
      await scene.journal.write(PLANS.create);
      scene.makeOverlay(overlay === 'written');
      Object.assign(scene, { has, written });
      const recovered = scene.executor.recover(context, PLANS.create, scene.guest);
      if (end === 'stays') await expect(recovered).rejects.toMatchObject({ code: 'unavailable' });
      else if (end === 'damaged') await expect(recovered).rejects.toMatchObject({ code: 'damaged' });
      else await recovered;
      expect(scene.done).toEqual(STEPS_OF[end]);
      expect(await scene.hasJournal()).toBe(end === 'stays' || end === 'damaged');
    },
  );

  it('does not take back an overlay that is opened in the last moment', async () => {
    await scene.journal.write(PLANS.create);
    scene.makeOverlay(false);
    Object.assign(scene, { has: undefined, written: [OLD] });
    const args = ['-f', 'qcow2', scene.directory.file(NEW)];
    const opened = spawn('qemu-io', args, { stdio: ['pipe', 'pipe', 'inherit'] });
    try {
      opened.stdin.write('length\n');
      await once(opened.stdout, 'data');
      await expect(scene.executor.recover(context, PLANS.create, scene.guest)).rejects.toMatchObject({
        code: 'unavailable',
      });
    } finally {
      opened.stdin.end('quit\n');
      await once(opened, 'close');
    }
    expect(scene.done).toEqual([]);
  });

  it.each<['commit' | 'pull', string, DriverErrorCode, readonly string[], boolean]>([
    ['commit', names.overlay(V, S1), 'failed', [], false],
    ['pull', names.overlay(V, S1), 'failed', [], false],
    ['commit', names.overlay(V, S1), 'unavailable', [], true],
    // Somebody is at it.
    ['commit', names.overlay(V, S1), 'failed', [names.volumeFile(V)], true],
    // It is made: what comes after it failed.
    ['commit', names.volumeFile(V), 'failed', [], true],
  ])('a %s that is refused with %s below (%s, written to: %j): kept %s', async (...args) => {
    const [kind, below, code, written, kept] = args;
    const format = below === names.volumeFile(V) ? 'raw' : 'qcow2';
    const file = scene.directory.file(names.overlay(V, S2));
    execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', '-u', '-b', below, '-F', format, file, '1M']);
    Object.assign(scene, { has: undefined, written });
    scene.failing = { kind: `guest-${kind}`, code };
    await expect(scene.executor.run(context, PLANS[kind], scene.guest)).rejects.toMatchObject({ code });
    expect(await scene.hasJournal()).toBe(kept);
    expect(scene.done).toEqual(kept ? [] : ['remove']);
  });
});
