import type { Clock } from '@scoria/core';
import { DriverError } from '@scoria/core';
import type { HttpAnswer, HttpClient } from '../http/http-client.js';
import { HttpFailure } from '../http/http-failure.js';
import { abandonable } from './abandonable.js';
import type { ServiceQuery } from './catalog.js';
import { findService } from './catalog.js';
import type { LoginCredentials } from './login.js';
import { describeLogin, identityUrl, loginBody } from './login.js';
import type { Access, ServiceSession } from './session.js';
import type { TokenAnswer } from './token-answer.js';
import { readToken } from './token-answer.js';

/** A token is renewed this long before its end, or at nine tenths of its life where that is short. */
const MARGIN_MS = 60_000;

export interface KeystonePorts {
  readonly http: HttpClient;
  readonly clock: Clock;
}

interface Login {
  readonly access: Access;
  readonly renewAt: number;
}

/**
 * Logs in at Keystone (v3) when access is wanted, and again when a token comes to its end or was refused. Callers at
 * the same time share one request; one that gives up does not end it for the others.
 */
export class KeystoneSession implements ServiceSession {
  #login: Promise<Login> | undefined;
  #ready: Login | undefined;

  constructor(
    private readonly credentials: LoginCredentials,
    private readonly service: ServiceQuery,
    private readonly ports: KeystonePorts,
  ) {}

  async access(signal?: AbortSignal): Promise<Access> {
    if (this.#ready !== undefined && this.ports.clock.now() < this.#ready.renewAt) return this.#ready.access;
    this.#login ??= this.#begin();
    const { access } = await abandonable(this.#login, signal, `the login at ${this.#url}`);
    return access;
  }

  refused(access: Access): void {
    if (this.#ready?.access === access) this.#ready = undefined;
  }

  get #url(): string {
    return identityUrl(this.credentials.authUrl);
  }

  async #begin(): Promise<Login> {
    try {
      this.#ready = await this.#logIn();
      return this.#ready;
    } finally {
      this.#login = undefined;
    }
  }

  async #logIn(): Promise<Login> {
    const askedAt = this.ports.clock.now();
    const answer = await this.#request();
    const token = answer.headers['x-subject-token'];
    const said = readToken(answer.text);
    if (answer.status !== 201 || typeof token !== 'string' || said === undefined) throw this.#refusal(answer);
    const found = findService(said.catalog ?? [], this.service);
    if ('problem' in found)
      throw this.#unavailable(`its catalog does not fit: ${found.problem}; see interface and region_name`);
    return { access: { token, endpoint: found.url }, renewAt: askedAt + usableMs(said) };
  }

  async #request(): Promise<HttpAnswer> {
    try {
      const url = `${this.#url}/auth/tokens`;
      return await this.ports.http.send({
        method: 'POST',
        url,
        headers: {},
        body: loginBody(this.credentials),
      });
    } catch (cause) {
      if (!(cause instanceof HttpFailure)) throw cause;
      throw this.#unavailable(`${cause.message}; see auth_url, and whether it runs`, cause);
    }
  }

  /** What Keystone writes of a refusal is not repeated: it may quote what was sent. */
  #refusal({ status }: HttpAnswer): DriverError {
    const who = describeLogin(this.credentials);
    if (status === 401)
      return this.#unavailable(
        `it does not let ${who} in: correct the name, the domain, the project or the password`,
      );
    if (status === 403) return this.#unavailable(`${who} may not have a token for the project`);
    if (status >= 300 && status < 400)
      return this.#unavailable(
        `it sends us elsewhere (${String(status)}), where no password is sent; correct auth_url`,
      );
    return this.#unavailable(
      `its answer ${String(status)} is none that Keystone (v3) gives to a login; correct auth_url, or look into its log`,
    );
  }

  #unavailable(why: string, cause?: unknown): DriverError {
    return new DriverError({
      code: 'unavailable',
      message: `Keystone at ${this.#url}: ${why}`,
      details: { authUrl: this.#url },
      cause,
    });
  }
}

/** By the times of the answer alone: our clock may be wrong. */
function usableMs({ issued_at: issued, expires_at: expires }: TokenAnswer): number {
  const life = Date.parse(expires) - Date.parse(issued ?? '');
  if (!Number.isFinite(life) || life <= 0) return 0;
  return Math.max(life * 0.9, life - MARGIN_MS);
}
