import { DriverError, DriverOptions, inject, injectable } from '@scoria/core';
import { noAnswer, refusal } from './acme-errors.js';
import type { AcmeOptions } from './options.js';

/** A request to the array. */
export interface AcmeRequest {
  readonly query?: Readonly<Record<string, string | number>>;
  /** Sent as JSON. */
  readonly json?: object;
  /** Sent as it is. */
  readonly data?: Uint8Array;
}

/** The array's API: logs in when it has to, puts a time limit on every call, and speaks in `DriverError`. */
@injectable()
export class AcmeClient {
  #token: string | undefined;

  constructor(@inject(DriverOptions) private readonly options: AcmeOptions) {}

  async json<T>(signal: AbortSignal, method: string, path: string, request: AcmeRequest = {}): Promise<T> {
    return JSON.parse((await this.bytes(signal, method, path, request)).toString() || '{}') as T;
  }

  /** The answer's body. A session that has expired is begun anew, once. */
  async bytes(signal: AbortSignal, method: string, path: string, request: AcmeRequest = {}): Promise<Buffer> {
    const isFresh = this.#token === undefined;
    this.#token ??= await this.#login(signal);
    try {
      return await this.#send(signal, method, path, request);
    } catch (error) {
      const expired = error instanceof DriverError && error.details.status === 401 && !isFresh;
      if (!expired) throw error;
      this.#token = undefined;
      return this.bytes(signal, method, path, request);
    }
  }

  async #login(signal: AbortSignal): Promise<string> {
    const { acme_user: user, acme_password: password } = this.options;
    const answer = await this.#send(signal, 'POST', '/login', { json: { user, password } });
    return (JSON.parse(answer.toString()) as { token: string }).token;
  }

  async #send(
    signal: AbortSignal,
    method: string,
    path: string,
    { query = {}, json, data }: AcmeRequest,
  ): Promise<Buffer> {
    const url = new URL(`${this.options.acme_url}${path}`);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
    const asked = `${method} ${path}`;
    const limit = AbortSignal.timeout(this.options.acme_timeout * 1000);
    const body = json === undefined ? data : JSON.stringify(json);
    try {
      const response = await fetch(url, {
        method,
        headers: { authorization: `Bearer ${this.#token ?? ''}` },
        ...(body === undefined ? {} : { body }),
        signal: AbortSignal.any([signal, limit]),
      });
      if (response.ok) return Buffer.from(await response.arrayBuffer());
      throw refusal(asked, response.status, await response.text());
    } catch (cause) {
      if (cause instanceof DriverError) throw cause;
      const code = signal.aborted ? 'cancelled' : limit.aborted ? 'timeout' : 'unavailable';
      throw noAnswer(asked, this.options.acme_url, code, cause);
    }
  }
}
