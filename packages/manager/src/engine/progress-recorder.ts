import type { Logger, Progress } from '@scoria/core';
import { messageOf } from '@scoria/core';
import type { Changes, OperationRecord, Records } from '@scoria/store';

const EVERY_MS = 200;

/** Writes the latest step and progress of one operation, not each of them: nobody waits for it. */
export class ProgressRecorder {
  #pending: Changes<OperationRecord> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #isStopped = false;

  constructor(
    private readonly records: Pick<Records, 'changeOperation'>,
    private readonly operationId: string,
    private readonly logger: Logger,
  ) {}

  step(name: string): void {
    this.#note({ step: name, progressDone: undefined, progressTotal: undefined });
  }

  progress({ done, total }: Progress): void {
    this.#note({ progressDone: done, progressTotal: total });
  }

  /** Ends the recording; returns what was not written yet, for who writes the operation's end. */
  async stop(): Promise<Changes<OperationRecord>> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#writing;
    return this.#pending ?? {};
  }

  #note(changes: Changes<OperationRecord>): void {
    this.#pending = { ...this.#pending, ...changes };
    this.#writeSoon();
  }

  /** Writes follow one another, so that an older one never comes after a newer one. */
  #writeSoon(): void {
    if (this.#isStopped || this.#pending === undefined || this.#writing !== undefined) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#writing = this.#write().finally(() => {
        this.#writing = undefined;
        this.#writeSoon();
      });
    }, EVERY_MS);
  }

  async #write(): Promise<void> {
    const changes = this.#pending ?? {};
    this.#pending = undefined;
    try {
      await this.records.changeOperation(this.operationId, changes);
    } catch (error) {
      this.logger.warn('the progress of an operation could not be recorded', {
        operationId: this.operationId,
        reason: messageOf(error),
      });
    }
  }
}
