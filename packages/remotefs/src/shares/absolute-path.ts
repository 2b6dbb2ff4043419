import { DriverError } from '@scoria/core';
import path from 'node:path';

/** Refuses a path whose meaning would depend on where the process was started. @throws DriverError `invalid-input` */
export function requireAbsolute(what: string, value: string): void {
  if (path.isAbsolute(value) && !value.includes('\0')) return;
  throw new DriverError({
    code: 'invalid-input',
    message: `${what} must be an absolute path, but is ${JSON.stringify(value)}`,
  });
}
