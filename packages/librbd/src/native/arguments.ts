import { MOST_TRASH_SECONDS } from '../model/trash-delay.js';
import { type CallSubject, rbdError } from './errno.js';

/* What comes from outside is checked before librbd sees it: it believes what it is told, and ends the process. */

/** A read or write of more bytes than this makes no sense in one call. */
const MAX_TRANSFER = 2 ** 29;

/** Checks that it is a whole number of bytes, or of something else, from 0 on. @throws RbdError `invalid` */
export function checkCount(value: unknown, what: string, subject: CallSubject): asserts value is number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return;
  throw rbdError('invalid', subject, `${what} has to be a whole number from 0 on, not ${String(value)}`);
}

/** As {@link checkCount}, of what one transfer can be long. */
export function checkTransfer(length: unknown, subject: CallSubject): asserts length is number {
  checkCount(length, 'the length', subject);
  if (length <= MAX_TRANSFER) return;
  throw rbdError(
    'invalid',
    subject,
    `at most ${String(MAX_TRANSFER)} bytes at a time, not ${String(length)}`,
  );
}

/** As {@link checkCount}, of how long something is to be in the trash. */
export function checkDelay(seconds: unknown, subject: CallSubject): asserts seconds is number {
  checkCount(seconds, 'the delay', subject);
  if (seconds <= MOST_TRASH_SECONDS) return;
  const most = String(MOST_TRASH_SECONDS);
  throw rbdError('invalid', subject, `the delay has to be ${most} s at most, not ${String(seconds)}`);
}

/** Checks what is used as a C string: one with NUL in it would be another name. @throws RbdError `invalid` */
export function checkText(value: unknown, what: string, subject: CallSubject): asserts value is string {
  if (typeof value !== 'string') {
    throw rbdError('invalid', subject, `${what} has to be text, not ${typeof value}`);
  }
  if (value.includes('\0')) throw rbdError('invalid', subject, `${what} has a NUL in it`);
}

/** As {@link checkText}; and there has to be one. */
export function checkName(value: unknown, what: string, subject: CallSubject): asserts value is string {
  checkText(value, what, subject);
  if (value === '') throw rbdError('invalid', subject, `${what} is empty`);
}

/** For messages, before anything is known of it. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return value.replaceAll('\0', '\\0');
  if (typeof value === 'object' && value !== null && 'id' in value) return `with the id ${shown(value.id)}`;
  return String(value);
}
