import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeMonitor, GREETING } from '../spec-support/fake-monitor.js';
import { QmpConnection, type QmpOptions } from './qmp-connection.js';

let directory: string;
let monitor: FakeMonitor;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'scoria-qmp-'));
  monitor = await FakeMonitor.listen(join(directory, 'monitor'));
});
afterEach(async () => {
  await monitor[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

const unavailable = (words: RegExp) => ({
  code: 'unavailable',
  message: expect.stringMatching(words) as string,
});

describe('a greeting', () => {
  const brief = { timeoutMs: 100 };

  test.each<[what: string, greeting: string, words: RegExp, options: QmpOptions]>([
    ['that is no JSON', 'hello\n', /no QMP/, {}],
    ['that is no object', '17\n', /no QMP/, {}],
    ['that never comes', '', /did not give its greeting.* in 0\.1 s/, brief],
    ['that does not end', JSON.stringify(GREETING), /did not give its greeting/, brief],
  ])('%s makes it unavailable', async (_what, greeting, words, options) => {
    monitor.greeting = greeting;
    const opened = QmpConnection.open(monitor.path, options);
    await expect(opened).rejects.toMatchObject(unavailable(words));
  });

  test('that comes late, in pieces, and after empty lines is one', async () => {
    monitor.greeting = '';
    const opened = QmpConnection.open(monitor.path);
    while (monitor.sockets.size === 0) await new Promise(setImmediate);
    for (const piece of ['\r\n\r\n{"QMP"', ': {}', '}\r', '\n']) {
      monitor.say(piece);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await using _connection = await opened;
  });

  test('is not waited for any longer than the caller does', async () => {
    monitor.greeting = '';
    const abort = new AbortController();
    const opened = QmpConnection.open(monitor.path, { signal: abort.signal });
    abort.abort();
    await expect(opened).rejects.toMatchObject({ code: 'cancelled' });
  });

  test('is not given where nobody is', async () => {
    const opened = QmpConnection.open(join(directory, 'nobody'));
    await expect(opened).rejects.toMatchObject({ code: 'unavailable', cause: { code: 'ENOENT' } });
  });
});

describe('a command', () => {
  test('gets its own answer, in whatever order and between whatever events they come', async () => {
    await using connection = await QmpConnection.open(monitor.path);
    const held: (() => void)[] = [];
    monitor.answer = ({ execute, id }) => {
      held.push(() =>
        monitor.say(`{"event": "TICK"}\n{"return": "${execute}", "id": ${id}}\n{"event": "TOCK"}\n`),
      );
      return undefined;
    };
    const answers = Promise.all(['a', 'b', 'c'].map(async (name) => connection.execute(name)));
    while (held.length < 3) await new Promise(setImmediate);
    for (const answer of held.reverse()) answer();
    expect(await answers).toEqual(['a', 'b', 'c']);
  });

  test('may be answered by ten million characters in one line', async () => {
    await using connection = await QmpConnection.open(monitor.path);
    const text = 'x'.repeat(10_000_000);
    monitor.answer = () => ({ return: text });
    expect(await connection.execute('long')).toBe(text);
  });

  test.each<[desc: string, qmpClass: string, code: string]>([
    ['No such file or directory', 'GenericError', 'failed'],
    ['Could not write: No space left on device', 'GenericError', 'no-space'],
    ['The command x has not been found', 'CommandNotFound', 'not-supported'],
  ])('that is refused says so: %s', async (desc, qmpClass, code) => {
    await using connection = await QmpConnection.open(monitor.path);
    monitor.answer = () => ({ error: { class: qmpClass, desc } });
    const message = `the monitor at ${monitor.path} refused x: ${desc}`;
    await expect(connection.execute('x')).rejects.toMatchObject({ code, message, details: { qmpClass } });
  });

  test('that is not answered in time is unavailable; a late answer goes to no other', async () => {
    await using connection = await QmpConnection.open(monitor.path);
    monitor.answer = ({ execute }) => (execute === 'silent' ? undefined : { return: execute });
    const silent = connection.execute('silent', {}, { timeoutMs: 50 });
    await expect(silent).rejects.toMatchObject(unavailable(/an answer to silent in 0\.05 s/));
    while (monitor.named('silent').length === 0) await new Promise(setImmediate);
    monitor.say(`{"return": "late", "id": ${monitor.named('silent')[0]!.id}}\n`);
    expect(await connection.execute('next')).toBe('next');
  });

  test.each<[what: string, cut: () => void, words: RegExp]>([
    ['closed', () => monitor.sockets.forEach((socket) => socket.destroy()), /was closed|ECONNRESET/],
    [
      'cut in the middle of a line',
      () => monitor.sockets.forEach((socket) => socket.end('{"ret')),
      /was closed/,
    ],
    ['filled with garbage', () => monitor.say('\u0000garbage\n'), /no QMP/],
  ])('is unavailable where the connection is %s, and so are all that follow', async (_what, cut, words) => {
    await using connection = await QmpConnection.open(monitor.path);
    monitor.answer = () => {
      cut();
      return undefined;
    };
    await expect(connection.execute('a')).rejects.toMatchObject(unavailable(words));
    await expect(connection.execute('b')).rejects.toMatchObject(unavailable(words));
    expect(monitor.commands).toHaveLength(1);
  });
});
