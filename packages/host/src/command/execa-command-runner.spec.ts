import { CommandError, type CommandRequest, CommandRunner } from '@scoria/core';
import { Container } from 'inversify';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { hostModule } from '../host-module.js';
import type { HostOptions } from '../host-options.js';

function createRunner(options: HostOptions = {}): CommandRunner {
  const container = new Container();
  container.load(hostModule({ killGraceMs: 200, ...options }));
  return container.get<CommandRunner>(CommandRunner);
}

const sh = (script: string, more: Partial<CommandRequest> = {}): CommandRequest => ({
  command: 'sh',
  args: ['-c', script],
  timeoutMs: 10_000,
  ...more,
});

async function failureOf(promise: Promise<unknown>): Promise<CommandError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof CommandError) return error;
  throw new Error('expected a CommandError', { cause: error });
}

/** False for a zombie too, which only waits for its parent to look. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

let runner: CommandRunner;

describe.each<[by: string, prepare: (runner: CommandRunner) => Promise<void>]>([
  ['by this process', async () => {}],
  ['by a process of its own', async (isolated) => isolated.isolate()],
])('started %s', (_by, prepare) => {
  beforeAll(async () => {
    runner = createRunner();
    await prepare(runner);
  });

  describe('a command that ends well', () => {
    test.each<
      [
        what: string,
        request: CommandRequest,
        expected: { stdout?: string; stderr?: string; exitCode?: number },
      ]
    >([
      [
        'gives its output as it is',
        sh('echo out; echo err >&2'),
        { stdout: 'out\n', stderr: 'err\n', exitCode: 0 },
      ],
      ['reads the input', sh('cat', { input: Buffer.from('hello') }), { stdout: 'hello' }],
      ['reads nothing without input', sh('cat'), { stdout: '' }],
      ['need not read its input', sh('true', { input: Buffer.alloc(1 << 20) }), { exitCode: 0 }],
      [
        'has arguments that no shell looked at',
        { ...sh(''), command: 'echo', args: ['$HOME; *', '"'] },
        { stdout: '$HOME; * "\n' },
      ],
      [
        'sees a minimal environment',
        sh('env | grep -vE "^(PWD|_|SHLVL|OLDPWD)=" | sort'),
        {
          stdout: 'LC_ALL=C\nPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n',
        },
      ],
      ['sees what is added to it', sh('echo $A', { env: { A: 'b c' } }), { stdout: 'b c\n' }],
      [
        'may end with an exit code that is accepted',
        sh('exit 3', { acceptExitCodes: [0, 3] }),
        { exitCode: 3 },
      ],
      ['keeps no directory busy', { ...sh(''), command: 'pwd', args: [] }, { stdout: '/\n' }],
      ['may be an absolute path', { ...sh(''), command: '/bin/echo', args: ['x'] }, { stdout: 'x\n' }],
      ['may leave a daemon that holds the pipes', sh('sleep 5 & echo left'), { stdout: 'left\n' }],
    ])('%s', async (_what, request, expected) => {
      expect(await runner.run(request)).toMatchObject(expected);
    });

    test('inherits no descriptor but those of its input and output', async () => {
      const { stdout } = await runner.run({
        ...sh(''),
        command: 'find',
        args: ['/proc/self/fd', '-lname', `${process.cwd()}*`],
      });
      expect(stdout).toBe('');
    });
  });

  describe('limits', () => {
    const limitsOf = async (limits: CommandRequest['limits']): Promise<string> => {
      const args = ['--raw', '--noheadings', '--output=RESOURCE,SOFT,HARD'];
      const { stdout } = await runner.run({ ...sh(''), command: 'prlimit', args, ...(limits && { limits }) });
      return stdout;
    };

    test.each<[what: string, limits: NonNullable<CommandRequest['limits']>, expected: string]>([
      ['core dumps, whatever is limited', {}, 'CORE 0 0'],
      ['address space', { addressSpaceBytes: 128 << 20 }, 'AS 134217728 134217728'],
      ['CPU time', { cpuSeconds: 7 }, 'CPU 7 8'],
      ['file size', { fileSizeBytes: 4096 }, 'FSIZE 4096 4096'],
    ])('are set on %s', async (_what, limits, expected) => {
      expect(await limitsOf(limits)).toContain(`${expected}\n`);
    });

    test('are not set unless asked for', async () => {
      expect(await limitsOf(undefined)).toContain('AS unlimited unlimited\n');
    });

    test('are named when they ended a command', async () => {
      const error = await failureOf(runner.run(sh('while :; do :; done', { limits: { cpuSeconds: 1 } })));
      expect(error.code).toBe('command-killed');
      expect(error.message).toBe('sh was killed by SIGXCPU: it used more than 1 seconds of CPU time');
    });
  });

  describe('a command that does not end well', () => {
    test.each<[what: string, request: CommandRequest, code: string, message: RegExp]>([
      ['fails', sh('echo why >&2; exit 4'), 'command-failed', /^sh failed with exit status 4: why$/],
      ['is killed', sh('kill -9 $$'), 'command-killed', /^sh was killed by SIGKILL$/],
      [
        'is not there',
        { ...sh(''), command: 'no-such-program' },
        'command-not-found',
        /'no-such-program' was not found in \/usr/,
      ],
      [
        'is not there, as a path',
        { ...sh(''), command: '/no/such' },
        'command-not-found',
        /'\/no\/such' is not an executable/,
      ],
      [
        'is a relative path',
        { ...sh(''), command: 'bin/sh' },
        'command-not-found',
        /'bin\/sh' was not found/,
      ],
      ['is a directory', { ...sh(''), command: '/usr' }, 'command-not-found', /is not an executable/],
      [
        'takes too long',
        sh('sleep 9', { timeoutMs: 100 }),
        'command-timeout',
        /did not end within 100 ms and was killed/,
      ],
      [
        'writes too much',
        sh('yes', { maxOutputBytes: 1000 }),
        'command-output-too-large',
        /wrote more than it may/,
      ],
      [
        'writes too many errors',
        sh('yes >&2', { maxOutputBytes: 1000 }),
        'command-output-too-large',
        /wrote more/,
      ],
      ['cannot be written down', sh('a\0b'), 'command-failed', /NUL/],
      ['is too long', sh(`: ${'x'.repeat(1 << 20)}`), 'command-failed', /could not be started \(E2BIG\)/],
      [
        'needs privileges and has none',
        sh('true', { privileged: true }),
        'command-not-allowed',
        /no rule allows/,
      ],
    ])('%s', async (_what, request, code, message) => {
      const error = await failureOf(runner.run(request));
      expect(error.code).toBe(code);
      expect(error.message).toMatch(message);
    });

    test('tells the facts', async () => {
      const { details } = await failureOf(runner.run(sh('exit 4')));
      expect(details).toMatchObject({ command: 'sh', args: ['-c', 'exit 4'], exitCode: 4 });
      expect(details.durationMs).toEqual(expect.any(Number));
    });

    test('shows no more than the last lines of what it wrote', async () => {
      const { message } = await failureOf(runner.run(sh('seq 1000 >&2; exit 1')));
      expect(message).toBe(
        `sh failed with exit status 1: ${[991, 992, 993, 994, 995, 996, 997, 998, 999, 1000].join('\n')}`,
      );
    });

    test('shows no secret', async () => {
      const request = sh('echo "bad: $1 $2" >&2; exit 1', { secrets: ['hunter2'] });
      const args = [...request.args, 'x', 'hunter2', 'json:{"password":"letmein"}', 'http://me:open@host/'];
      const error = await failureOf(runner.run({ ...request, args }));
      const everything = JSON.stringify([error.message, error.details, error.stack, error.cause]);
      expect(error.message).toBe('sh failed with exit status 1: bad: *** json:{"password":"***"}');
      expect(everything).not.toMatch(/hunter2|letmein|open/);
    });
  });

  describe('the end of a command', () => {
    test('takes its children with it, those that ignore SIGTERM too', async () => {
      const script = `(trap '' TERM; sleep 30 & wait; sleep 30) & echo $!; sleep 30`;
      const running = await runner.start(sh(script));
      await delay(150);
      await running.stop();
      await running.stop();
      const error = await failureOf(running.result);
      expect(error).toMatchObject({ code: 'command-cancelled', message: 'sh was stopped and was killed' });
      expect(await groupMembers(running.pid)).toEqual([]);
    });

    test('comes when the signal is aborted', async () => {
      const reason = new Error('enough');
      const controller = new AbortController();
      const running = runner.run(sh('sleep 30', { signal: controller.signal }));
      setTimeout(() => controller.abort(reason), 100);
      expect(await failureOf(running)).toMatchObject({ code: 'command-cancelled', cause: reason });
    });

    test('comes before the beginning when the signal is aborted already', async () => {
      const signal = AbortSignal.abort(new Error('no'));
      const error = await failureOf(runner.run(sh('touch /never', { signal })));
      expect(error).toMatchObject({
        code: 'command-cancelled',
        message: 'sh was cancelled before it was started',
      });
    });

    test('resolves the result of a command that was started', async () => {
      const directory = await mkdtemp(join(tmpdir(), 'scoria-command-'));
      const go = join(directory, 'go');
      await using running = await runner.start(sh(`until [ -e ${go} ]; do sleep 0.05; done; echo done`));
      expect(isAlive(running.pid)).toBe(true);
      await writeFile(go, '');
      expect(await running.result).toMatchObject({ stdout: 'done\n' });
      await rm(directory, { recursive: true });
    });

    test('is waited for only so long when the command is gone before it can start', async () => {
      const error = await failureOf(runner.start({ ...sh(''), command: '/no/such' }));
      expect(error.code).toBe('command-not-found');
    });
  });
});

test('every command is logged, masked', async () => {
  const stream = new PassThrough();
  const logged = createRunner({ log: { level: 'debug', format: 'json', stream } });
  await logged.run({ ...sh(''), command: 'echo', args: ['--password', 'letmein', 'a'] });
  const line = JSON.parse(String(stream.read())) as Record<string, unknown>;
  expect(line).toMatchObject({
    level: 'debug',
    message: 'ran echo',
    args: ['--password', '***', 'a'],
    exitCode: 0,
  });
});

async function groupMembers(group: number): Promise<string[]> {
  const { stdout } = await runner.run({ ...sh(''), command: 'ps', args: ['-eo', 'pgid=,stat=,args='] });
  return stdout
    .split('\n')
    .filter((line) => line.trim().startsWith(`${group} `) && !/^\s*\d+\s+Z/.test(line));
}
