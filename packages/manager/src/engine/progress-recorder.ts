import type { Logger, Progress } from '@scoria/core';
import { messageOf } from '@scoria/core';
import type { Changes, OperationRecord, Records } from '@scoria/store';

const EVERY_MS = 200;

/** Writes the latest step and progress of one operation, not each of them: nobody waits for it. */
export class ProgressRecorder {
  #pending: Changes<OperationRecord> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

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

  /** Ends the recording; what was not written yet is not: the operation's end says more. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#pending = undefined;
    await this.#writing;
  }

  #note(changes: Changes<OperationRecord>): void {
    this.#pending = { ...this.#pending, ...changes };
    this.#timer ??= setTimeout(() => {
      this.#write();
    }, EVERY_MS);
  }

  #write(): void {
    this.#timer = undefined;
    const changes = this.#pending;
    this.#pending = undefined;
    if (changes === undefined) return;
    this.#writing = this.records.changeOperation(this.operationId, changes).then(
      () => undefined,
      (error: unknown) => {
        this.logger.warn('the progress of an operation could not be recorded', { reason: messageOf(error) });
      },
    );
  }
}
