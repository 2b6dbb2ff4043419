import type { CommandError, CommandRequest } from '@scoria/core';
import { FakeCommandRunner, hang, runUntilStopped } from './fake-command-runner.js';

function request(line: string, more: Partial<CommandRequest> = {}): CommandRequest {
  const [command = '', ...args] = line.split(' ');
  return { command, args, timeoutMs: 1000, ...more };
}

async function codeOf(run: Promise<unknown>): Promise<string> {
  return run.then(
    () => 'done',
    (error: unknown) => (error as CommandError).code,
  );
}

describe('FakeCommandRunner', () => {
  it('answers by name, by words, by pattern and by test; the last that fits', async () => {
    const runner = new FakeCommandRunner()
      .when('qemu-img', { stdout: 'any' })
      .when(['qemu-img', 'info'], { stdout: 'info' })
      .when(/ --json$/, ({ args }) => ({ stdout: args.join() }))
      .when(({ privileged }) => privileged === true, { stdout: 'root' });
    const answers: string[] = [];
    for (const line of ['qemu-img create x', 'qemu-img info x', 'ls --json']) {
      answers.push((await runner.run(request(line))).stdout);
    }
    answers.push((await runner.run(request('rm x', { privileged: true }))).stdout);
    expect(answers).toEqual(['any', 'info', '--json', 'root']);
    expect(runner.lines).toEqual(['qemu-img create x', 'qemu-img info x', 'ls --json', 'rm x']);
  });

  it('fails as a real runner does', async () => {
    const runner = new FakeCommandRunner().when('false', { exitCode: 1, stderr: 'no' }).when('sleep', hang);
    expect(await codeOf(runner.run(request('nothing')))).toBe('command-not-found');
    expect(await codeOf(runner.run(request('false')))).toBe('command-failed');
    expect(await codeOf(runner.run(request('false', { acceptExitCodes: [0, 1] })))).toBe('done');
    expect(await codeOf(runner.run(request('sleep 9')))).toBe('command-timeout');
    const failure = runner.run(request('false hush', { secrets: ['hush'] }));
    await expect(failure).rejects.toThrow('false *** ended with 1: no');
  });

  it('stops what is aborted, and what is stopped', async () => {
    const runner = new FakeCommandRunner().when('serve', runUntilStopped);
    const controller = new AbortController();
    const run = codeOf(runner.run(request('serve', { signal: controller.signal })));
    controller.abort();
    expect(await run).toBe('command-cancelled');
    expect(await codeOf(runner.run(request('serve', { signal: controller.signal })))).toBe(
      'command-cancelled',
    );
    const running = await runner.start(request('serve'));
    await running.stop();
    await running.stop();
    expect((await running.result).exitCode).toBe(0);
  });
});
