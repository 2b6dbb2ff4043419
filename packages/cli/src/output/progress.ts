import type { ManagerEvent } from '@scoria/manager';
import { SingleBar } from 'cli-progress';
import { printable } from './escape.js';

/** Below that nothing is shown: most work is done before anybody has looked. */
const SILENT_MS = 500;
const USUAL_WIDTH = 80;
const CLEAR_LINE = '\r\u001b[K';

/** What a progress bar needs of a terminal. */
export type Terminal = Pick<NodeJS.WriteStream, 'write' | 'isTTY' | 'columns'>;

/** Shows what this command does and how far it is, on a terminal only, and leaves nothing of it there. */
export class ProgressBar implements Disposable {
  readonly #since = performance.now();
  #bar: SingleBar | undefined;
  #step = '';
  #timer: NodeJS.Timeout | undefined;
  #isStepShown = false;

  constructor(private readonly terminal: Terminal = process.stderr) {}

  show({ type, step, done, total }: ManagerEvent): void {
    if (type === 'operation-step') this.#showStep(printable(step ?? ''));
    if (type === 'operation-progress' && total !== undefined && total > 0) this.update(done ?? 0, total);
  }

  update(done: number, total: number): void {
    if (!this.terminal.isTTY || this.#isEarly) return;
    this.#clearStep();
    this.#bar ??= this.#startBar(total);
    this.#bar.setTotal(total);
    this.#bar.update(done, { step: this.#step });
  }

  /** Takes it off the terminal. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#clearStep();
    this.#bar?.stop();
    this.#bar = undefined;
  }

  [Symbol.dispose](): void {
    this.clear();
  }

  get #isEarly(): boolean {
    return performance.now() - this.#since < SILENT_MS;
  }

  #startBar(total: number): SingleBar {
    const bar = new SingleBar({
      format: '{bar} {percentage}% {eta_formatted} {step}',
      stream: this.terminal as NodeJS.WriteStream,
      hideCursor: true,
      clearOnComplete: true,
    });
    bar.start(total, 0, { step: this.#step });
    return bar;
  }

  /** Not everything that takes long can tell how far it is: the step itself is shown then. */
  #showStep(step: string): void {
    this.#step = step;
    if (!this.terminal.isTTY || this.#bar !== undefined) return;
    clearTimeout(this.#timer);
    const write = (): void => {
      const width = (this.terminal.columns || USUAL_WIDTH) - 1;
      this.terminal.write(`${CLEAR_LINE}${step.slice(0, width)}`);
      this.#isStepShown = true;
    };
    this.#timer = setTimeout(write, this.#isStepShown ? 0 : SILENT_MS);
    this.#timer.unref();
  }

  #clearStep(): void {
    if (!this.#isStepShown) return;
    clearTimeout(this.#timer);
    this.terminal.write(CLEAR_LINE);
    this.#isStepShown = false;
  }
}
