export type LogFields = Readonly<Record<string, unknown>>;

/**
 * Where a component says what it does. Fields that the option schema marks as secret are masked by the
 * implementation; a message never contains one.
 */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds `fields` to every line. */
  child(fields: LogFields): Logger;
}
export const Logger = Symbol.for('scoria.Logger');
