import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { programOf } from './run-program.js';

/* Opening a FIFO takes a thread of the pool until somebody opens its other end: as a call on a share that hangs. */

let directory: string;
let fifo: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'scoria-hanging-'));
  fifo = path.join(directory, 'fifo');
  execFileSync('mkfifo', [fifo]);
});
afterEach(() => rm(directory, { recursive: true }));

/** For a process to end that does not: longer than any that does takes, from its ending on. */
const NEVER_MS = 12_000;
/** So many more than threads, that nothing that needs one comes through. */
const CALLS = 6;

interface End {
  readonly end: number | string | null;
  readonly said: string;
}

/** How a process ends that does this while all threads of its pool wait. */
async function endOf(program: string): Promise<End> {
  const source = `
    import { open } from 'node:fs';
    import { endAtOnce, endInAnyCase } from ${JSON.stringify(programOf('packages/cli/dist/end-in-any-case.js'))};
    import { exitNow } from ${JSON.stringify(programOf('packages/host/dist/index.js'))};
    for (let call = 0; call < ${String(CALLS)}; call += 1) open(process.argv[1], 'r', () => {});
    setTimeout(() => { process.stderr.write('ends'); ${program} }, 50);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source, fifo], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '', UV_THREADPOOL_SIZE: '4' },
  });
  const said = text(child.stdout);
  const ended = once(child, 'exit');
  await once(child.stderr, 'data');
  const timer = setTimeout(() => child.kill('SIGKILL'), NEVER_MS);
  const [status, signal] = (await ended) as [number | null, string | null];
  clearTimeout(timer);
  return { end: status ?? signal, said: await said };
}

const ENDS: readonly [program: string, end: number | string][] = [
  // What the others are for.
  ['', 'SIGKILL'],
  ['process.exit(7);', 'SIGKILL'],
  ['exitNow(7);', 7],
  ['endAtOnce(130);', 130],
  ['endInAnyCase();', 0],
  ['process.exitCode = 3; endInAnyCase();', 3],
];

it('ends a process of which every thread waits for a share', async () => {
  const ends = await Promise.all(
    ENDS.map(async ([program]) => [program, (await endOf(program)).end] as const),
  );
  expect(ends).toEqual(ENDS);
});

it('prints first all that there is to print', async () => {
  const lines = 200_000;
  const printing = `for (let line = 0; line < ${String(lines)}; line += 1) process.stdout.write('a line\\n');`;
  const { end, said } = await endOf(`${printing} endInAnyCase();`);
  expect([end, said.length]).toEqual([0, lines * 'a line\n'.length]);
});
