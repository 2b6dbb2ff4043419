import { MOST_TRASH_SECONDS } from '../model/trash-delay.js';
import { simulatedError, type SimulatedSubject } from './simulated-error.js';

/* The same values are refused as before a call of the real libraries. */

export function checkCount(value: unknown, what: string, subject: SimulatedSubject): asserts value is number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return;
  throw simulatedError(
    'invalid',
    subject,
    `${what} has to be a whole number from 0 on, not ${String(value)}`,
  );
}

export function checkDelay(seconds: unknown, subject: SimulatedSubject): asserts seconds is number {
  checkCount(seconds, 'the delay', subject);
  if (seconds <= MOST_TRASH_SECONDS) return;
  throw simulatedError('invalid', subject, `the delay has to be ${MOST_TRASH_SECONDS} s at most`);
}

export function checkText(value: unknown, what: string, subject: SimulatedSubject): asserts value is string {
  if (typeof value === 'string' && !value.includes('\0')) return;
  throw simulatedError('invalid', subject, `${what} has to be text without NUL`);
}

export function checkName(value: unknown, what: string, subject: SimulatedSubject): asserts value is string {
  checkText(value, what, subject);
  if (value === '') throw simulatedError('invalid', subject, `${what} is empty`);
}
