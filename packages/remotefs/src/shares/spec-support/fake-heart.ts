import { deferred } from '@scoria/testkit';
import { Heartbeat } from '../heartbeat.js';

/** A share that answers until it is stopped. */
export class FakeHeart {
  #answer = deferred();
  /** How often it was asked whether it answers. */
  asked = 0;
  readonly heartbeat = new Heartbeat(
    async () => {
      this.asked += 1;
      return this.#answer.promise;
    },
    { everyMs: 2, hangAfterMs: 30 },
  );

  constructor() {
    this.comeBack();
  }

  stop(): void {
    this.#answer = deferred();
  }

  comeBack(): void {
    this.#answer.resolve();
  }

  /** Resolves when it is known. */
  async hangs(): Promise<void> {
    await this.heartbeat.answer().catch(() => undefined);
  }
}
