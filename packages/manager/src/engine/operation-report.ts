import type { ScoriaError } from '@scoria/core';
import type { OperationRecord } from '@scoria/store';
import type { Ports } from '../ports.js';

/** Says in events and the log that an operation has begun, and how it ended after how long. */
export class OperationReport {
  readonly #about: { readonly operationId: string; readonly operation: string; readonly resourceId?: string };
  readonly #startedAt: number;

  constructor(
    private readonly ports: Ports,
    { id, kind, claims: [subject] }: OperationRecord,
  ) {
    this.#about = {
      operationId: id,
      operation: kind,
      ...(subject === undefined ? {} : { resourceId: subject.id }),
    };
    this.#startedAt = ports.clock.now();
    ports.events.emit({ type: 'operation-started', ...this.#about });
  }

  failed({ code, message }: ScoriaError): void {
    this.ports.logger.warn('an operation failed', { ...this.#about, code, reason: message });
    this.ended(code === 'cancelled' ? 'cancelled' : 'failed', message);
  }

  ended(outcome: string, reason?: string): void {
    const seconds = (this.ports.clock.now() - this.#startedAt) / 1000;
    this.ports.events.emit({ type: 'operation-ended', ...this.#about, outcome, seconds, reason });
  }
}
