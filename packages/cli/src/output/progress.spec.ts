import { jest } from '@jest/globals';
import { ProgressBar } from './progress.js';

function terminal(isTTY: boolean): {
  written: string[];
  isTTY: boolean;
  columns: number;
  write: () => boolean;
} {
  const written: string[] = [];
  const write = (text?: unknown): boolean => {
    written.push(String(text));
    return true;
  };
  return { written, isTTY, columns: 20, write };
}

const at = '2026-01-02T03:04:05.000Z';

describe('what is shown of long work', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('is nothing where there is no terminal', () => {
    const { written, ...stream } = terminal(false);
    using bar = new ProgressBar(stream);
    bar.show({ type: 'operation-step', at, step: 'copy' });
    jest.advanceTimersByTime(5000);
    bar.show({ type: 'operation-progress', at, done: 1, total: 2 });
    expect(written).toEqual([]);
  });

  it('is nothing for work that is done soon', () => {
    const { written, ...stream } = terminal(true);
    using bar = new ProgressBar(stream);
    bar.show({ type: 'operation-step', at, step: 'copy' });
    jest.advanceTimersByTime(400);
    bar.update(1, 2);
    expect(written).toEqual([]);
  });

  it('is the step, no wider than the terminal, until it is cleared', () => {
    const { written, ...stream } = terminal(true);
    const bar = new ProgressBar(stream);
    bar.show({ type: 'operation-step', at, step: 'copy \u001b[31m to a very long name' });
    jest.advanceTimersByTime(600);
    expect(written).toEqual(['\r\u001b[Kcopy \\u001b[31m to ']);
    bar.clear();
    expect(written.at(-1)).toBe('\r\u001b[K');
  });
});
