import { CommandError, DriverError, LockError } from '../errors.js';
import { toDriverError } from './to-driver-error.js';

it.each([
  [new LockError({ code: 'lock-timeout', message: 'm', details: { name: 'n' } }), 'volume-busy'],
  [new LockError({ code: 'lock-cancelled', message: 'm' }), 'cancelled'],
  [new LockError({ code: 'lock-failed', message: 'm' }), 'unavailable'],
  [new CommandError({ code: 'command-not-found', message: 'm' }), 'unavailable'],
  [new CommandError({ code: 'command-not-allowed', message: 'm' }), 'unavailable'],
  [new CommandError({ code: 'command-failed', message: 'm' }), 'failed'],
  [new CommandError({ code: 'command-killed', message: 'm' }), 'failed'],
  [new CommandError({ code: 'command-timeout', message: 'm' }), 'timeout'],
  [new CommandError({ code: 'command-cancelled', message: 'm' }), 'cancelled'],
  [new CommandError({ code: 'command-output-too-large', message: 'm' }), 'failed'],
])('%s means %s', (error, code) => {
  const converted = toDriverError(error);
  expect(converted).toBeInstanceOf(DriverError);
  expect(converted).toMatchObject({ code, message: 'm', details: error.details, cause: error });
});

it.each([new DriverError({ code: 'no-space', message: 'm' }), new TypeError('a defect'), 'text', undefined])(
  'leaves %s as it is',
  (error) => {
    expect(toDriverError(error)).toBe(error);
  },
);
