import { DriverError } from '@scoria/core';
import type { Capability, PlanRequest } from '@scoria/core';
import { inject, injectable } from 'inversify';
import { ManagerError } from '../../errors.js';
import type { Caller } from '../../requests.js';
import { BackendAccess } from '../backend-access.js';
import { ViewContexts } from '../view-context.js';

/** Steps that would be taken, and what is in their way. */
export interface Steps {
  readonly steps: readonly string[];
  readonly problems: readonly string[];
}

/** What a backend is asked to plan. */
export interface Question {
  readonly backend: string;
  readonly request: PlanRequest;
  /** Where the driver has not this capability the manager does it by itself, as `otherwise` says. */
  readonly needs?: Capability;
  readonly otherwise?: readonly string[];
  /** For a driver that cannot tell its steps. */
  readonly inWords: string;
}

/** What a backend's driver would do. */
@injectable()
export class DriverSteps {
  constructor(
    @inject(BackendAccess) private readonly backends: BackendAccess,
    @inject(ViewContexts) private readonly contexts: ViewContexts,
  ) {}

  async of(caller: Caller, { backend, request, needs, otherwise = [], inWords }: Question): Promise<Steps> {
    try {
      const { driver, capabilities } = await this.backends.open(backend);
      if (needs !== undefined && !capabilities.includes(needs)) return { steps: otherwise, problems: [] };
      if (!capabilities.includes('plan')) return { steps: [onBackend(backend, inWords)], problems: [] };
      const steps = await driver.planOf(this.contexts.of(caller), request);
      const said = steps.length === 0 ? ['nothing is there to be done'] : steps;
      return { steps: said.map((step) => onBackend(backend, step)), problems: [] };
    } catch (error) {
      if (!(error instanceof DriverError || error instanceof ManagerError)) throw error;
      return { steps: [onBackend(backend, inWords)], problems: [error.message] };
    }
  }
}

export function onBackend(backend: string, step: string): string {
  return `backend ${backend}: ${step}`;
}
