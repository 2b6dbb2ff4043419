import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';

/** Two names share one number on Linux; these are the ones the manual pages use. */
const PREFERRED = ['EOPNOTSUPP', 'EAGAIN'];

const NAMES = new Map<number, string>([
  ...Object.entries(constants.errno).map(([name, value]): [number, string] => [value, name]),
  ...Object.entries(constants.errno)
    .filter(([name]) => PREFERRED.includes(name))
    .map(([name, value]): [number, string] => [value, name]),
]);

/** A system call failed. Shaped as the errors of `node:fs`: `code` is 'ENOSPC', 'EOPNOTSUPP' and so on. */
export class SystemError extends Error {
  readonly code: string;
  readonly errno: number;
  readonly syscall: string;

  /** @param errno as the C library gives it, positive */
  constructor(syscall: string, errno: number) {
    const code = NAMES.get(errno) ?? `errno ${errno}`;
    const text = getSystemErrorMap().get(-errno)?.[1];
    super(`${syscall}: ${code}${text === undefined ? '' : ` (${text})`}`);
    this.name = 'SystemError';
    this.code = code;
    this.errno = errno;
    this.syscall = syscall;
  }
}

/**
 * The `code` of an error of `node:fs` or of this package: 'ENOENT' and so on; also of those that Node has only the
 * number of ('Unknown system error -122'), such as EDQUOT.
 */
export function systemCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  if (typeof error.code !== 'string') return undefined;
  const isNameless = error.code.startsWith('Unknown system error') && 'errno' in error;
  return (isNameless ? NAMES.get(-Number(error.errno)) : undefined) ?? error.code;
}
