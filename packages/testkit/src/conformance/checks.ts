import type { DriverError, DriverErrorCode } from '@scoria/core';
import { isDriverError } from '@scoria/core';
import assert from 'node:assert/strict';

/**
 * Asserts that `action` rejects with a `DriverError` of one of `codes`, and returns it.
 * @param what what was tried, for the message
 */
export async function assertRefused(
  what: string,
  codes: DriverErrorCode | readonly DriverErrorCode[],
  action: () => Promise<unknown>,
): Promise<DriverError> {
  const expected = [codes].flat().join(' or ');
  let error: unknown;
  try {
    await action();
  } catch (caught) {
    error = caught;
  }
  assert.ok(error !== undefined, `${what} must be refused with ${expected}, and succeeded`);
  if (isDriverError(error, ...[codes].flat())) return error;
  throw new assert.AssertionError({
    message: `${what} must be refused with a DriverError ${expected}, and was with ${describeError(error)}`,
    expected,
    actual: error,
  });
}

/** Asserts that two buffers are equal; says where they differ, not what they hold. */
export function assertBytes(actual: Buffer, expected: Buffer, what: string): void {
  if (actual.equals(expected)) return;
  if (actual.length !== expected.length) {
    const lengths = `expected ${String(expected.length)}, found ${String(actual.length)}`;
    assert.fail(`${what}: its length in bytes: ${lengths}`);
  }
  const at = actual.findIndex((byte, index) => byte !== expected[index]);
  const show = (bytes: Buffer): string => bytes.subarray(at, at + 8).toString('hex');
  assert.fail(
    `${what}: differs from byte ${String(at)} on: expected ${show(expected)}..., found ${show(actual)}...`,
  );
}

/** Asserts that an error's `details.heldBy` names `id`. */
export function assertHeldBy(error: DriverError, id: string): void {
  const heldBy = [error.details.heldBy ?? []].flat();
  assert.ok(
    heldBy.some((holder) => String(holder).includes(id)),
    `${error.code} must name what holds it: expected details.heldBy to have ${id}, found [${heldBy.join(', ')}]`,
  );
}

/** An error for a message: its class, code and text. */
export function describeError(error: unknown): string {
  // Not every error here is an instance of this realm's Error: jest runs tests in another than Node's own modules.
  const { name, code, message } = Object(error) as Partial<Record<'name' | 'code' | 'message', unknown>>;
  if (typeof message !== 'string') return String(error);
  return `${String(name)}${typeof code === 'string' ? ` ${code}` : ''}: ${message}`;
}

/** Runs a part of a test; what it rejects with says that it was this part. */
export async function within<T>(what: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    throw new Error(`${what}: ${describeError(error)}`, { cause: error });
  }
}
