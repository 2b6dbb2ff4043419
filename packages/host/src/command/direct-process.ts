import { execa } from 'execa';
import type { Readable } from 'node:stream';
import type { LentLocks } from '../lock/held-locks.js';
import type { ProgramExit, ProgramProcess, ProgramRequest } from './program-process.js';

/** A process that is started by this one and inherits the descriptors of the locks. */
export class DirectProcess implements ProgramProcess {
  readonly started = Promise.resolve();
  readonly orphaned = new Promise<never>(() => {});
  readonly exited: Promise<ProgramExit>;
  readonly #process: ReturnType<typeof spawn>;

  constructor(request: ProgramRequest) {
    this.#process = spawn(request);
    this.exited = exitOf(this.#process);
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get stdout(): Readable {
    return this.#process.stdout;
  }

  get stderr(): Readable {
    return this.#process.stderr;
  }

  forget(): void {
    this.#process.unref();
  }
}

const spawn = ({ line, env, input, locks }: ProgramRequest) =>
  execa(line.file, line.args, {
    shell: false,
    extendEnv: false,
    env,
    cwd: '/',
    detached: true,
    cleanup: false,
    reject: false,
    buffer: false,
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe', ...inherited(locks)],
    ...(input === undefined ? {} : { input }),
  });

/** Any descriptor is passed on as it is, whatever the types of execa say. */
function inherited(locks: LentLocks | undefined): 3[] {
  return (locks?.fds ?? []) as 3[];
}

/** At its exit, which comes before its pipes are closed; what could not be started only has a result. */
async function exitOf(child: ReturnType<typeof spawn>): Promise<ProgramExit> {
  const exited = new Promise<ProgramExit>((resolve) => {
    child.once('exit', (exitCode, signal) =>
      resolve({ exitCode: exitCode ?? undefined, signal: signal ?? undefined }),
    );
  });
  // The error itself has the arguments in it, secrets and all.
  const ended = child.then(({ exitCode, signal, code }) =>
    child.pid === undefined ? { failure: code ?? 'unknown' } : { exitCode, signal },
  );
  return Promise.race([exited, ended]);
}
