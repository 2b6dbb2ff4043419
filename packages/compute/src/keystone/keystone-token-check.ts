import type { Clock } from '@scoria/core';
import { DriverError } from '@scoria/core';
import { createHash } from 'node:crypto';
import type { HttpAnswer, HttpClient } from '../http/http-client.js';
import { HttpFailure } from '../http/http-failure.js';
import { abandonable } from './abandonable.js';
import type { ServiceSession } from './session.js';
import type { CheckedToken, TokenCheck } from './token-check.js';
import { readToken } from './token-answer.js';

/** A token that is revoked is good for so long at the most. */
const KEPT_MS = 30_000;
const MOST_KEPT = 500;

export interface TokenCheckPorts {
  readonly http: HttpClient;
  /** Whose token Keystone is asked with. */
  readonly session: ServiceSession;
  readonly clock: Clock;
}

interface Kept {
  readonly answer: Promise<CheckedToken | undefined>;
  readonly until: number;
}

/** Asks Keystone (v3) about tokens; its answers are kept for a moment, by the tokens' digests. */
export class KeystoneTokenCheck implements TokenCheck {
  readonly #kept = new Map<string, Kept>();

  constructor(
    private readonly identityUrl: string,
    private readonly ports: TokenCheckPorts,
  ) {}

  async check(token: string, signal?: AbortSignal): Promise<CheckedToken | undefined> {
    const digest = createHash('sha256').update(token).digest('hex');
    const kept = this.#kept.get(digest);
    if (kept !== undefined && this.ports.clock.now() < kept.until) return this.#wait(kept.answer, signal);
    const answer = this.#ask(token).catch((error: unknown) => {
      this.#kept.delete(digest);
      throw error;
    });
    this.#keep(digest, answer);
    return this.#wait(answer, signal);
  }

  async #wait(
    answer: Promise<CheckedToken | undefined>,
    signal: AbortSignal | undefined,
  ): Promise<CheckedToken | undefined> {
    return abandonable(answer, signal, `the check of a token at ${this.identityUrl}`);
  }

  #keep(digest: string, answer: Promise<CheckedToken | undefined>): void {
    this.#kept.delete(digest);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size < MOST_KEPT) break;
      this.#kept.delete(oldest);
    }
    this.#kept.set(digest, { answer, until: this.ports.clock.now() + KEPT_MS });
  }

  async #ask(token: string): Promise<CheckedToken | undefined> {
    const first = await this.#send(token);
    const answer = first.status === 401 ? await this.#send(token) : first;
    if (answer.status === 404) return undefined;
    const said = answer.status === 200 ? readToken(answer.text) : undefined;
    if (said === undefined) throw this.#unavailable(reasonOf(answer.status));
    const roles = (said.roles ?? []).map(({ name }) => name);
    return said.project === undefined ? { roles } : { roles, projectId: said.project.id };
  }

  async #send(token: string): Promise<HttpAnswer> {
    const access = await this.ports.session.access();
    const headers = { 'x-auth-token': access.token, 'x-subject-token': token };
    try {
      const url = `${this.identityUrl}/auth/tokens?nocatalog`;
      const answer = await this.ports.http.send({ method: 'GET', url, headers });
      if (answer.status === 401) this.ports.session.refused(access);
      return answer;
    } catch (cause) {
      if (!(cause instanceof HttpFailure)) throw cause;
      throw this.#unavailable(cause.message, cause);
    }
  }

  #unavailable(why: string, cause?: unknown): DriverError {
    return new DriverError({
      code: 'unavailable',
      message: `whether a token is good could not be asked of Keystone at ${this.identityUrl}: ${why}`,
      details: { authUrl: this.identityUrl },
      cause,
    });
  }
}

function reasonOf(status: number): string {
  if (status === 401) return 'it takes none of our own tokens';
  if (status === 403) return 'our user may not: it needs a role that may validate tokens (service or admin)';
  return `its answer ${status} is none that Keystone (v3) gives`;
}
