import type { LogFields, Logger } from '@scoria/core';
import winston from 'winston';
import type { Redactor } from './redactor.js';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface LogOptions {
  /** Nothing below is written; `info` unless told. */
  readonly level?: LogLevel;
  /** One JSON object a line, for collectors, or text for people; `text` unless told. */
  readonly format?: 'json' | 'text';
  /** Standard error unless told: standard output is for data. */
  readonly stream?: NodeJS.WritableStream;
}

const LEVELS: Record<LogLevel, number> = { error: 0, warn: 1, info: 2, debug: 3 };

/** Logs through winston, with everything masked before winston sees it. */
export class WinstonLogger implements Logger {
  readonly #winston: winston.Logger;
  readonly #redactor: Redactor;
  readonly #fields: LogFields;

  private constructor(target: winston.Logger, redactor: Redactor, fields: LogFields) {
    this.#winston = target;
    this.#redactor = redactor;
    this.#fields = fields;
  }

  static create(redactor: Redactor, options: LogOptions = {}): WinstonLogger {
    const target = winston.createLogger({
      levels: LEVELS,
      level: options.level ?? 'info',
      format: winston.format.printf(options.format === 'json' ? jsonLine : textLine),
      // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- winston declares its transports as interfaces
      transports: [new winston.transports.Stream({ stream: options.stream ?? process.stderr })],
    });
    return new WinstonLogger(target, redactor, {});
  }

  debug(message: string, fields?: LogFields): void {
    this.#log('debug', message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#log('info', message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#log('warn', message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#log('error', message, fields);
  }

  child(fields: LogFields): Logger {
    return new WinstonLogger(this.#winston, this.#redactor, { ...this.#fields, ...fields });
  }

  #log(level: LogLevel, message: string, fields: LogFields | undefined): void {
    // Masking is most of the cost of a line, and most debug lines are never written.
    if (!this.#winston.isLevelEnabled(level)) return;
    this.#winston.log({
      level,
      message: this.#redactor.text(message),
      time: new Date().toISOString(),
      fields: this.#redactor.value({ ...this.#fields, ...fields }),
    });
  }
}

/** A field never replaces `time`, `level` or `message`. */
function jsonLine({ level, message, time, fields }: winston.Logform.TransformableInfo): string {
  return JSON.stringify({ ...(fields as LogFields), time, level, message });
}

function textLine({ level, message, time, fields }: winston.Logform.TransformableInfo): string {
  const pairs = Object.entries(fields as LogFields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}=${shown(value)}`);
  return `${String(time)} ${level.toUpperCase().padEnd(5)} ${oneLine(String(message))}${pairs.join('')}`;
}

/** A text from outside must not be able to begin a line of its own. */
function oneLine(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u001f\u007f]/g, (char) => JSON.stringify(char).slice(1, -1));
}

function shown(value: unknown): string {
  if (typeof value === 'string') return /^[\w./:@+-]+$/.test(value) ? value : JSON.stringify(value);
  return JSON.stringify(value);
}
