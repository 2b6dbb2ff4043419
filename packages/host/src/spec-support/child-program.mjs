// A process of its own for specs: node --import read-sources.mjs child-program.mjs TASK DIRECTORY
import { Container } from 'inversify';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';

const { hostModule } = await import('../index.ts');
const { CommandRunner, LockManager } = await import('@scoria/core');

const container = new Container();
container.load(hostModule());
const runner = container.get(CommandRunner);
const locks = container.get(LockManager);
const [task, directory] = process.argv.slice(2);

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

const tasks = {
  count,
  'run-sleep': () => run('sleep', '30'),
  'run-sleep-that-stays': () => run('setpriv', '--pdeathsig', 'clear', 'sleep', '60'),
};
await tasks[task]();
