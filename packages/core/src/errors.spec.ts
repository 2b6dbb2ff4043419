import {
  CommandError,
  DriverError,
  isDriverError,
  LockError,
  messageOf,
  OptionsError,
  PluginError,
  ScoriaError,
} from './errors.js';

describe('errors', () => {
  const cause = new Error('ENOSPC');

  it.each([
    [new DriverError({ code: 'no-space', message: 'full', cause }), 'DriverError'],
    [new PluginError({ code: 'plugin-failed', message: 'full', cause }), 'PluginError'],
    [new CommandError({ code: 'command-failed', message: 'full', cause }), 'CommandError'],
    [new LockError({ code: 'lock-failed', message: 'full', cause }), 'LockError'],
  ])('%s keeps its name, its cause and its details', (error, name) => {
    expect(error).toBeInstanceOf(ScoriaError);
    expect(error.name).toBe(name);
    expect(error.cause).toBe(cause);
    expect(error.details).toEqual({});
    expect(String(error)).toBe(`${name}: full`);
  });

  it('has no cause where there was none', () => {
    expect(new DriverError({ code: 'failed', message: 'm' })).not.toHaveProperty('cause');
  });

  it('names every problem of the options in one line', () => {
    const error = new OptionsError('backend a', [
      { option: 'url', reason: 'is required and not set' },
      { option: '', reason: 'must be object' },
    ]);
    expect(error.message).toBe(
      'backend a has 2 wrong option(s): url: is required and not set; must be object',
    );
    expect(error.code).toBe('invalid-options');
  });
});

describe('isDriverError', () => {
  const full = new DriverError({ code: 'no-space', message: 'full' });

  it.each<[unknown, Parameters<typeof isDriverError>[1][], boolean]>([
    [full, [], true],
    [full, ['no-space'], true],
    [full, ['failed', 'no-space'], true],
    [full, ['failed'], false],
    [new Error('x'), [], false],
    ['no-space', ['no-space'], false],
  ])('%s of %j: %s', (error, codes, expected) => {
    expect(isDriverError(error, ...codes)).toBe(expected);
  });
});

describe('messageOf', () => {
  it.each([
    [new Error('x'), 'x'],
    ['text', 'text'],
    [undefined, 'undefined'],
    [7, '7'],
  ])('%s', (thrown, expected) => {
    expect(messageOf(thrown)).toBe(expected);
  });
});
