import { injectable } from 'inversify';
import { isSecretName, MASK, SECRET_PATTERNS } from './secret-patterns.js';

/** Deeper than this a value is only named, so that a log line stays one. */
const MAX_DEPTH = 6;
const MAX_ENTRIES = 100;
const MAX_TEXT = 16_384;
/** So much of a text is looked at; well above what is shown, so that no secret is cut in two where it shows. */
const MAX_SEARCHED = 65_536;

/**
 * Masks secrets in whatever is shown: the values that were registered, however they are quoted, and what
 * looks like a secret by itself.
 */
@injectable()
export class Redactor {
  readonly #secrets = new Set<string>();
  #sorted: readonly string[] = [];

  /** From now on `secret` is masked wherever it appears. The empty string is not a secret. */
  register(secret: string): void {
    if (secret === '') return;
    for (const form of spellings(secret)) this.#secrets.add(form);
    this.#sorted = longestFirst([...this.#secrets]);
  }

  /** @param more secrets of this text only */
  text(text: string, more: readonly string[] = []): string {
    const extra = longestFirst(more.filter((secret) => secret !== '').flatMap(spellings));
    let masked = text;
    for (const secret of [...extra, ...this.#sorted]) masked = masked.replaceAll(secret, MASK);
    for (const { pattern, replacement } of SECRET_PATTERNS) masked = masked.replace(pattern, replacement);
    return masked;
  }

  /** The arguments of a command: each as a text, and what follows an option such as `--password`. */
  args(args: readonly string[], more: readonly string[] = []): string[] {
    return args.map((arg, index) => {
      const before = args[index - 1];
      const isValue = before?.startsWith('-') === true && !before.includes('=') && isSecretName(before);
      return isValue ? MASK : this.text(arg, more);
    });
  }

  /** A copy fit for a log line: masked at every depth, bounded, without cycles, errors with their causes. */
  value(value: unknown): unknown {
    return this.#copy(value, new Set(), 0);
  }

  #copy(value: unknown, above: Set<object>, depth: number): unknown {
    if (typeof value === 'string') return shorten(this.text(value.slice(0, MAX_SEARCHED)), value.length);
    if (typeof value === 'bigint' || typeof value === 'symbol') return String(value);
    if (typeof value === 'function') return '[function]';
    if (typeof value !== 'object' || value === null) return value;
    if (above.has(value)) return '[circular]';
    if (depth >= MAX_DEPTH) return Array.isArray(value) ? '[array]' : '[object]';
    above.add(value);
    const copy = this.#copyObject(value, above, depth + 1);
    above.delete(value);
    return copy;
  }

  #copyObject(value: object, above: Set<object>, depth: number): unknown {
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString();
    if (value instanceof URL) return this.text(value.href);
    if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
    if (value instanceof Map) return this.#copyEntries([...(value as Map<unknown, unknown>)], above, depth);
    if (Array.isArray(value) || value instanceof Set) {
      const items = [...(value as Iterable<unknown>)].slice(0, MAX_ENTRIES);
      return items.map((item) => this.#copy(item, above, depth));
    }
    return this.#copyEntries(isError(value) ? errorEntries(value) : Object.entries(value), above, depth);
  }

  #copyEntries(
    entries: readonly [unknown, unknown][],
    above: Set<object>,
    depth: number,
  ): Record<string, unknown> {
    const copy: Record<string, unknown> = {};
    for (const [name, value] of entries.slice(0, MAX_ENTRIES)) {
      const key = String(name);
      const hidden =
        isSecretName(key) && (typeof value === 'string' || typeof value === 'object') && value !== null;
      copy[key] = hidden ? MASK : this.#copy(value, above, depth);
    }
    return copy;
  }
}

/** How a secret is written within JSON, within a URL, and within an option list of QEMU. */
function spellings(secret: string): string[] {
  return [
    ...new Set([
      secret,
      JSON.stringify(secret).slice(1, -1),
      encodeURIComponent(Buffer.from(secret).toString()),
      secret.replaceAll(',', ',,'),
    ]),
  ];
}

function longestFirst(secrets: readonly string[]): string[] {
  return [...new Set(secrets)].sort((a, b) => b.length - a.length);
}

function shorten(masked: string, originalLength: number): string {
  const whole = masked.length <= MAX_TEXT && originalLength <= MAX_SEARCHED;
  return whole ? masked : `${masked.slice(0, MAX_TEXT)}... (${originalLength} characters)`;
}

/** By shape, as an error may come from another realm. */
function isError(value: object): value is Error {
  return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]';
}

function errorEntries(error: Error): [string, unknown][] {
  const own = Object.entries(error).filter(([name]) => name !== 'name' && name !== 'message');
  const cause: [string, unknown][] = error.cause === undefined ? [] : [['cause', error.cause]];
  return [['name', error.name], ['message', error.message], ...own, ['stack', error.stack], ...cause];
}
