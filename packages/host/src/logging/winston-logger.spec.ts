import { PassThrough } from 'node:stream';
import { Redactor } from './redactor.js';
import { type LogOptions, WinstonLogger } from './winston-logger.js';

function createLogger(options: LogOptions = {}): { logger: WinstonLogger; lines: () => string[] } {
  const stream = new PassThrough();
  const redactor = new Redactor();
  redactor.register('hunter2');
  const logger = WinstonLogger.create(redactor, { stream, ...options });
  const lines = () =>
    String(stream.read() ?? '')
      .split('\n')
      .filter(Boolean);
  return { logger, lines };
}

test('a line of JSON has the fields of all loggers above it', () => {
  const { logger, lines } = createLogger({ format: 'json' });
  logger.child({ requestId: 'r1', backend: 'nfs' }).child({ volume: 'v1' }).warn('is full', { bytes: 5 });
  expect(lines().map((line) => JSON.parse(line) as unknown)).toEqual([
    {
      time: expect.any(String) as string,
      level: 'warn',
      message: 'is full',
      requestId: 'r1',
      backend: 'nfs',
      volume: 'v1',
      bytes: 5,
    },
  ]);
});

test('a field does not replace what the line says of itself', () => {
  const { logger, lines } = createLogger({ format: 'json' });
  logger.info('the message', { message: 'a field', level: 'debug', time: 1 });
  expect(JSON.parse(lines()[0]!)).toMatchObject({
    message: 'the message',
    level: 'info',
    time: expect.any(String) as string,
  });
});

test('a line of text is one line, whatever the message', () => {
  const { logger, lines } = createLogger();
  logger.error('bad\nname', { path: '/a b', code: 'E1', nothing: undefined, details: { a: [1] } });
  const [line, ...rest] = lines();
  expect(line).toMatch(/^\d{4}-\S+Z ERROR bad\\nname path="\/a b" code=E1 details=\{"a":\[1\]\}$/);
  expect(rest).toEqual([]);
});

test.each<[level: LogOptions['level'], written: string[]]>([
  [undefined, ['info', 'warn', 'error']],
  ['debug', ['debug', 'info', 'warn', 'error']],
  ['warn', ['warn', 'error']],
  ['error', ['error']],
])('at level %s it writes %j', (level, written) => {
  const { logger, lines } = createLogger({ format: 'json', ...(level && { level }) });
  for (const each of ['debug', 'info', 'warn', 'error'] as const) logger[each]('x');
  expect(lines().map((line) => (JSON.parse(line) as { level: string }).level)).toEqual(written);
});

test('secrets are masked in messages, in fields and in those of a child', () => {
  const { logger, lines } = createLogger();
  logger.child({ by: 'hunter2' }).info('it is hunter2', { password: 'a', why: new Error('not hunter2') });
  const [line] = lines();
  expect(line).toContain('it is *** by="***" password="***"');
  expect(line).not.toContain('hunter2');
});
