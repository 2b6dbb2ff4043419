/** A call was not answered in time; it may still be waiting, in a thread that nobody can end. */
export class NoAnswerError extends Error {
  constructor(milliseconds: number) {
    super(`no answer within ${String(milliseconds / 1000)} s`);
    this.name = 'NoAnswerError';
  }
}

/**
 * Waits for `work`, but not longer than `milliseconds`. The work itself goes on: a system call on a dead network
 * share can neither be cancelled nor killed.
 * @throws NoAnswerError, or what the work throws
 */
export async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new NoAnswerError(milliseconds));
    }, milliseconds);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Work that may hang for good, such as a look at a dead network share: at most one is under way, and whoever comes
 * meanwhile waits for that one, so that hanging calls do not use up the threads of the process one by one.
 */
export class OneAtATime<T> {
  #underWay: Promise<T> | undefined;

  /**
   * Starts `work`, or joins the one that is under way, and waits for it no longer than `milliseconds`.
   * @throws NoAnswerError, or what the work throws
   */
  async run(milliseconds: number, work: () => Promise<T>): Promise<T> {
    this.#underWay ??= work().finally(() => {
      this.#underWay = undefined;
    });
    return within(milliseconds, this.#underWay);
  }
}
