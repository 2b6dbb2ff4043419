import { messageOf } from '@scoria/core';
import { readFile } from 'node:fs/promises';
import { rootCertificates } from 'node:tls';
import { Agent, request } from 'undici';
import { HttpFailure, kindOf } from './http-failure.js';

const CONNECT_MS = 10_000;
const BODY_MS = 30_000;
const IDLE_MS = 1_000;
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
const MAX_HEADER_BYTES = 64 * 1024;

export interface HttpOptions {
  /** Certificates that are trusted besides the system's. */
  readonly cafile?: string;
  readonly insecure: boolean;
  /** How long an answer may take to begin. */
  readonly timeoutMs: number;
  /** How long a connection may take; 10 s unless told. */
  readonly connectMs?: number;
  /** How long the rest of an answer may take, and each pause in it; 30 s unless told. */
  readonly bodyMs?: number;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/**
 * HTTP to a service that is not trusted with our time or memory: answers are small, begin and end within limits, and
 * redirects are answers like any other. Failures are {@link HttpFailure}.
 */
export class HttpClient {
  #agent: Promise<Agent> | undefined;

  constructor(private readonly options: HttpOptions) {}

  async send({ method, url, headers, body, signal }: HttpRequest): Promise<HttpAnswer> {
    const whole = AbortSignal.timeout(this.#wholeMs());
    const both = signal === undefined ? whole : AbortSignal.any([signal, whole]);
    try {
      signal?.throwIfAborted();
      const {
        statusCode,
        headers: answered,
        body: stream,
      } = await request(url, {
        method,
        headers: { accept: 'application/json', ...headers, ...jsonHeader(body) },
        body: body === undefined ? null : JSON.stringify(body),
        dispatcher: await this.#dispatcher(),
        signal: both,
      });
      return { status: statusCode, headers: answered, text: await stream.text() };
    } catch (cause) {
      if (cause instanceof HttpFailure) throw cause;
      throw this.#failure(cause, `${method} ${shown(url)}`, signal, whole);
    }
  }

  #wholeMs(): number {
    const { timeoutMs, connectMs = CONNECT_MS, bodyMs = BODY_MS } = this.options;
    return connectMs + timeoutMs + bodyMs;
  }

  #failure(cause: unknown, what: string, signal: AbortSignal | undefined, whole: AbortSignal): HttpFailure {
    if (signal?.aborted === true) return new HttpFailure('cancelled', `${what} was cancelled`, signal.reason);
    if (whole.aborted)
      return new HttpFailure('timeout', `${what} had no whole answer after ${this.#wholeMs() / 1000} s`);
    return new HttpFailure(kindOf(cause), `${what} failed: ${messageOf(firstOf(cause))}`, cause);
  }

  async #dispatcher(): Promise<Agent> {
    this.#agent ??= this.#connect();
    try {
      return await this.#agent;
    } catch (error) {
      this.#agent = undefined;
      throw error;
    }
  }

  async #connect(): Promise<Agent> {
    const { cafile, insecure, timeoutMs, connectMs = CONNECT_MS, bodyMs = BODY_MS } = this.options;
    const ca = cafile === undefined ? {} : { ca: [...rootCertificates, await certificatesIn(cafile)] };
    return new Agent({
      connect: { timeout: connectMs, rejectUnauthorized: !insecure, ...ca },
      headersTimeout: timeoutMs,
      bodyTimeout: bodyMs,
      keepAliveTimeout: IDLE_MS,
      maxResponseSize: MAX_ANSWER_BYTES,
      maxHeaderSize: MAX_HEADER_BYTES,
    });
  }
}

function jsonHeader(body: unknown): Record<string, string> {
  return body === undefined ? {} : { 'content-type': 'application/json' };
}

async function certificatesIn(cafile: string): Promise<string> {
  try {
    return await readFile(cafile, 'utf8');
  } catch (cause) {
    const message = `the certificates in ${cafile} cannot be read: ${messageOf(cause)}; see cafile`;
    throw new HttpFailure('untrusted', message, cause);
  }
}

/** An address for people: the query may be long, and who logs in is nobody's business. */
export function shown(url: string): string {
  if (!URL.canParse(url)) return 'an address that is none';
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

/** Where several addresses were tried, the message is in the first error. */
function firstOf(error: unknown): unknown {
  const { errors } = error as { errors?: readonly unknown[] };
  return errors?.[0] ?? error;
}
