/**
 * | kind | meaning |
 * | --- | --- |
 * | `cancelled` | the caller's signal was aborted |
 * | `unreachable` | no connection could be made |
 * | `untrusted` | the certificate is none that is trusted |
 * | `timeout` | the answer took too long |
 * | `too-large` | the answer is longer than any that makes sense |
 * | `broken` | the connection ended early, or what came is not HTTP |
 */
export type HttpFailureKind = 'cancelled' | 'unreachable' | 'untrusted' | 'timeout' | 'too-large' | 'broken';

/** A request that got no whole answer. The message has the address without its query, and nothing that was sent. */
export class HttpFailure extends Error {
  constructor(
    readonly kind: HttpFailureKind,
    message: string,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'HttpFailure';
  }

  /** The server cannot have seen the request. */
  get neverSent(): boolean {
    return this.kind === 'unreachable' || this.kind === 'untrusted';
  }
}

const TRUST = /^(?:CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_(?:GET|VERIFY)|ERR_TLS_|HOSTNAME_MISMATCH)/;
const CONNECTING = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);
const WAITING = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ETIMEDOUT']);
const OVERFLOW = new Set([
  'UND_ERR_RES_EXCEEDED_MAX_SIZE',
  'UND_ERR_HEADERS_OVERFLOW',
  'HPE_HEADER_OVERFLOW',
]);

/** What a failed request was, by the code of what the HTTP client or the system threw. */
export function kindOf(error: unknown): HttpFailureKind {
  const code = codeOf(error);
  if (TRUST.test(code)) return 'untrusted';
  if (CONNECTING.has(code)) return 'unreachable';
  if (WAITING.has(code)) return 'timeout';
  return OVERFLOW.has(code) ? 'too-large' : 'broken';
}

/** Where several addresses were tried, the reason is that of the first. */
function codeOf(error: unknown): string {
  const { code, errors } = error as { code?: unknown; errors?: readonly unknown[] };
  if (typeof code === 'string') return code;
  return errors?.[0] === undefined ? '' : codeOf(errors[0]);
}
