import { DriverError, type DriverErrorCode } from '@scoria/core';

/** What a monitor answers when it refuses a command. */
export interface QmpRefusal {
  /** QEMU's own word for the kind of error: `GenericError`, `DeviceNotFound`, `CommandNotFound`. */
  readonly class: string;
  readonly desc: string;
}

const CODES: Readonly<Record<string, DriverErrorCode>> = { CommandNotFound: 'not-supported' };

/** `details.qmpClass` is QEMU's word for the kind of error. */
export function refusalError(what: string, command: string, refusal: QmpRefusal): DriverError {
  const isFull = /No space left on device/i.test(refusal.desc);
  return new DriverError({
    code: isFull ? 'no-space' : (CODES[refusal.class] ?? 'failed'),
    message: `${what} refused ${command}: ${refusal.desc}`,
    details: { qmpClass: refusal.class },
  });
}
