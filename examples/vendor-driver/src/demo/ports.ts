import type { Container, Lock, LockName, LogFields } from '@scoria/core';
import { LockError, LockManager, Logger } from '@scoria/core';

/** The two ports that the Acme driver asks for, made by hand for one process; `@scoria/host` has the real ones. */
export function bindPorts(root: Container): void {
  root.bind<Logger>(Logger).toConstantValue(new StderrLogger());
  root.bind<LockManager>(LockManager).toConstantValue(new ProcessLocks());
}

/** Writes each line with its fields to standard error. */
export class StderrLogger implements Logger {
  readonly debug = this.#line.bind(this, 'debug');
  readonly info = this.#line.bind(this, 'info');
  readonly warn = this.#line.bind(this, 'warn');
  readonly error = this.#line.bind(this, 'error');

  constructor(private readonly own: LogFields = {}) {}

  child(fields: LogFields): Logger {
    return new StderrLogger({ ...this.own, ...fields });
  }

  #line(level: string, message: string, fields: LogFields = {}): void {
    console.error(`${level}: ${message}`, { ...this.own, ...fields });
  }
}

/** Locks that are refused at once where they are not free, which is enough where nobody competes. */
class ProcessLocks implements LockManager {
  readonly #held = new Set<readonly LockName[]>();

  async acquire(names: readonly LockName[]): Promise<Lock> {
    const inTheWay = [...this.#held].flat().find((held) => names.some((name) => conflict(held, name)));
    if (inTheWay !== undefined) {
      throw new LockError({ code: 'lock-timeout', message: `${inTheWay.name} is locked` });
    }
    const taken = [...names];
    this.#held.add(taken);
    const release = async (): Promise<void> => {
      this.#held.delete(taken);
      return Promise.resolve();
    };
    return Promise.resolve({ release, [Symbol.asyncDispose]: release });
  }
}

function conflict(a: LockName, b: LockName): boolean {
  const isSame = a.directory === b.directory && a.name === b.name;
  return isSame && !(a.mode === 'shared' && b.mode === 'shared');
}
