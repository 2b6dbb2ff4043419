import { Clock, Logger, messageOf } from '@scoria/core';
import { inject, injectable } from 'inversify';
import type { ManagerEvent } from './views.js';

export type EventListener = (event: ManagerEvent) => void;
type WithoutTime = Omit<ManagerEvent, 'at'>;

/** What happens in this process, for whoever wants to know. A listener that fails harms nobody else. */
@injectable()
export class ManagerEvents {
  readonly #listeners = new Set<EventListener>();

  constructor(
    @inject(Clock) private readonly clock: Clock,
    @inject(Logger) private readonly logger: Logger,
  ) {}

  /** Returns how to stop it. */
  on(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  emit(event: WithoutTime): void {
    if (this.#listeners.size === 0) return;
    const stamped = { ...event, at: new Date(this.clock.now()).toISOString() };
    for (const listener of this.#listeners) this.#tell(listener, stamped);
  }

  #tell(listener: EventListener, event: ManagerEvent): void {
    try {
      listener(event);
    } catch (error) {
      this.logger.warn('a listener to events failed', { event: event.type, reason: messageOf(error) });
    }
  }
}
