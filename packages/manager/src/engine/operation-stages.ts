import { inject, injectable } from 'inversify';
import { Acceptance } from './acceptance.js';
import { BackendQueues } from './backend-queues.js';
import { Ending } from './ending.js';
import { StepObserver } from './step-observer.js';

/** What an operation goes through: accepted, its turn, its steps, its end. */
@injectable()
export class OperationStages {
  constructor(
    @inject(Acceptance) readonly acceptance: Acceptance,
    @inject(BackendQueues) readonly queues: BackendQueues,
    @inject(StepObserver) readonly observer: StepObserver,
    @inject(Ending) readonly ending: Ending,
  ) {}
}
