// A process of its own for specs: node --import read-sources.mjs child-program.mjs TASK DIRECTORY
import { Container } from 'inversify';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';

const { hostModule } = await import('../index.ts');
const { CommandRunner, LockManager } = await import('@scoria/core');

const container = new Container();
container.load(hostModule());
const runner = container.get(CommandRunner);
const locks = container.get(LockManager);
const [task, directory] = process.argv.slice(2);

/** For a program that is to outlive whoever has started it. */
const STAY = ['--pdeathsig', 'clear'];
const lock = { directory: join(directory, task), name: 'lock' };

/** Counts in a file under a lock; a line for each time it has counted. */
async function count() {
  const file = await open(join(directory, 'counter'), 'r+');
  for (;;) {
    const held = await locks.acquire([lock]);
    const { buffer } = await file.read({ buffer: Buffer.alloc(10), position: 0 });
    await nextTurn();
    await file.write(String(Number(buffer) + 1).padStart(10), 0);
    await held.release();
    process.stdout.write('.\n');
  }
}

/** Runs a program under a lock; a line when it has been started. */
async function run(...command) {
  await locks.acquire([lock]);
  const running = await runner.start({ command: command[0], args: command.slice(1), timeoutMs: 60_000 });
  process.stdout.write(`${running.pid}\n`);
  await running.result;
}

/**
 * Runs one program after the other under a lock, each of which says who it is before it does anything, and looks
 * whether one is there of another holder; a line for each, with what was found.
 */
async function runMany() {
  for (;;) {
    const held = await locks.acquire([lock]);
    const other = await ownerThatLives();
    await runner.run({ command: 'setpriv', args: [...STAY, 'sh', '-c', program], timeoutMs: 10_000 });
    await held.release();
    process.stdout.write(`${other ?? 'nobody'}\n`);
    // For the others, who ask only now and then.
    await delay(50);
  }
}

const owner = join(directory, 'owner');
/** Its name is in its command line. */
const program = `echo $$ > ${owner}; sleep 0.1; true`;

async function ownerThatLives() {
  const pid = (await readFile(owner, 'utf8').catch(() => '')).trim();
  if (pid === '') return undefined;
  const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return line.includes(owner) ? pid : undefined;
}

async function isolated(task) {
  await runner.isolate();
  await task();
}

const tasks = {
  count,
  'run-sleep': () => run('sleep', '30'),
  'run-sleep-that-stays': () => run('setpriv', ...STAY, 'sleep', '60'),
  'isolated-run-sleep': () => isolated(tasks['run-sleep']),
  'isolated-run-sleep-that-stays': () => isolated(tasks['run-sleep-that-stays']),
  'isolated-run-many': () => isolated(runMany),
};
await tasks[task]();
