import type { ManagerEvent } from '@scoria/manager';
import { SingleBar } from 'cli-progress';
import { printable } from './escape.js';

/** Below that nothing is shown: most work is done before anybody has looked. */
const SILENT_MS = 500;

/** Shows how far this command's work is, on a terminal only. */
export class ProgressBar implements Disposable {
  readonly #since = performance.now();
  #bar: SingleBar | undefined;
  #step = '';

  show({ type, step, done, total }: ManagerEvent): void {
    if (!process.stderr.isTTY || performance.now() - this.#since < SILENT_MS) return;
    if (type === 'operation-step') this.#step = printable(step ?? '');
    if (type === 'operation-progress' && total !== undefined && total > 0) this.update(done ?? 0, total);
  }

  update(done: number, total: number): void {
    if (!process.stderr.isTTY || performance.now() - this.#since < SILENT_MS) return;
    if (this.#bar === undefined) {
      this.#bar = new SingleBar({
        format: '{bar} {percentage}% {eta_formatted} {step}',
        stream: process.stderr,
        hideCursor: true,
        clearOnComplete: true,
      });
      this.#bar.start(total, 0, { step: this.#step });
    }
    this.#bar.setTotal(total);
    this.#bar.update(done, { step: this.#step });
  }

  [Symbol.dispose](): void {
    this.#bar?.stop();
  }
}
