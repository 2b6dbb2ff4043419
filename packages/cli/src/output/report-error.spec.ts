import { jest } from '@jest/globals';
import { ManagerError } from '@scoria/manager/records';
import { UsageError } from '../usage-error.js';
import { reportError } from './report-error.js';

const conflict = new ManagerError({
  code: 'conflict',
  message: 'volume \u001b[31mx is deleting',
  details: { status: 'deleting' },
  cause: new Error('the reason below'),
});

function reported(
  error: unknown,
  how: { json?: boolean; verbose?: boolean },
): { status: number; said: string } {
  const write = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  const status = reportError(error, { json: false, verbose: false, ...how });
  const said = write.mock.calls.map(([text]) => String(text)).join('');
  return { status, said };
}

describe('a failed command', () => {
  it.each<[string, unknown, number, string]>([
    ['a conflict', conflict, 1, 'scoria: volume \\u001b[31mx is deleting\n'],
    ['a wrong value', new ManagerError({ code: 'invalid-input', message: 'no' }), 2, 'scoria: no\n'],
    ['wrong usage', new UsageError('say what'), 2, 'scoria: say what\n'],
    ['a defect', new TypeError('x is undefined'), 1, 'scoria: x is undefined\n'],
    ['what is no error', 'just text', 1, 'scoria: just text\n'],
  ])('says %s on one line', (_what, error, status, said) => {
    expect(reported(error, {})).toEqual({ status, said });
  });

  it('is an object for programs', () => {
    const { said } = reported(conflict, { json: true });
    expect(JSON.parse(said)).toEqual({
      error: { code: 'conflict', message: 'volume \u001b[31mx is deleting', details: { status: 'deleting' } },
    });
    expect(said).not.toContain('\u001b');
  });

  it('shows where it comes from only when asked', () => {
    expect(reported(conflict, {}).said).not.toContain('the reason below');
    const { said } = reported(conflict, { verbose: true });
    expect(said).toContain('caused by Error: the reason below');
    expect(said).not.toContain('\u001b');
  });
});
