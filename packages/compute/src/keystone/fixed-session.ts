import type { FixedToken } from '../compute-settings.js';
import type { Access, ServiceSession } from './session.js';

/** The token and the address of the configuration, as they are. */
export class FixedSession implements ServiceSession {
  readonly #access: Access;

  constructor({ token, endpoint }: FixedToken) {
    this.#access = { token, endpoint: endpoint.replace(/\/+$/, '') };
  }

  async access(): Promise<Access> {
    return Promise.resolve(this.#access);
  }

  refused(): void {
    // There is no other one: whoever is refused twice says so.
  }
}
