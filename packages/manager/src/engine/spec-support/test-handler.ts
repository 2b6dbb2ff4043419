import type { ScoriaError } from '@scoria/core';
import type { Claim, Records } from '@scoria/store';
import type { OperationHandler, OperationRun } from '../operation-handler.js';

export interface TestParameters {
  readonly volume: string;
  readonly mode?: Claim['mode'];
  readonly note?: string;
}

/** An operation whose work is the spec's; keeps what was called. */
export class TestHandler implements OperationHandler<TestParameters, string> {
  readonly calls: string[] = [];
  work: (parameters: TestParameters, run: OperationRun) => Promise<string> = () => Promise.resolve('done');
  takeBack: (parameters: TestParameters, run: OperationRun) => Promise<void> = () => Promise.resolve();
  /** In the ending transaction. */
  onSucceed: () => Promise<void> = () => Promise.resolve();

  constructor(
    readonly kind: string,
    readonly recovery: 'resume' | 'undo',
  ) {}

  backends(): readonly string[] {
    return ['one'];
  }

  claims({ volume, mode = 'exclusive' }: TestParameters): readonly Claim[] {
    return [{ kind: 'volume', id: volume, mode }];
  }

  async accept(_records: Records, { note }: TestParameters): Promise<void> {
    this.#called('accept', note);
    return Promise.resolve();
  }

  async run(parameters: TestParameters, run: OperationRun): Promise<string> {
    this.#called('run', parameters.note);
    return this.work(parameters, run);
  }

  async undo(parameters: TestParameters, run: OperationRun): Promise<void> {
    this.#called('undo', parameters.note);
    return this.takeBack(parameters, run);
  }

  async succeed(): Promise<void> {
    this.#called('succeed');
    return this.onSucceed();
  }

  async fail(_records: Records, _parameters: TestParameters, { code }: ScoriaError): Promise<void> {
    this.#called('fail', code);
    return Promise.resolve();
  }

  #called(...what: (string | undefined)[]): void {
    this.calls.push(what.filter((part) => part !== undefined).join(' '));
  }
}
