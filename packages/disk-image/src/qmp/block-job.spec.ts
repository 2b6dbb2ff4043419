import { DriverError, type Progress } from '@scoria/core';
import { runBlockJob, type BlockJobOptions, type JobMonitor } from './block-job.js';

interface Job {
  id: string;
  status: string;
  'current-progress': number;
  'total-progress': number;
  error?: string;
}

const START = { id: 'job', command: 'block-commit', args: { device: 'disk' } } as const;
const options = (overrides: Partial<BlockJobOptions> = {}): BlockJobOptions => ({
  signal: new AbortController().signal,
  timeoutMs: 60_000,
  ...overrides,
});
const refused = (desc: string): DriverError => new DriverError({ code: 'failed', message: desc });

/** Jobs that go on by a step at each look. */
class JobTable implements JobMonitor {
  readonly said: string[] = [];
  jobs: Job[] = [];
  /** What a look at a running job makes of it. */
  look: (job: Job) => void = (job) => (job.status = 'concluded');
  refuse: (command: string) => string | undefined = () => undefined;
  released = 0;

  async execute(
    command: string,
    args: { readonly id?: string; readonly speed?: number } = {},
  ): Promise<unknown> {
    await Promise.resolve();
    if (command === 'query-jobs') {
      this.jobs.filter(({ status }) => status !== 'concluded').forEach((job) => this.look(job));
      return structuredClone(this.jobs);
    }
    this.said.push(`${command} ${args.speed ?? ''}`.trim());
    const refusal = this.refuse(command);
    if (refusal !== undefined) throw refused(refusal);
    if (command === 'job-dismiss') this.jobs = this.jobs.filter(({ id }) => id !== args.id);
    if (command === 'block-commit') this.add('running');
    if (command === 'job-cancel')
      this.look = (job) => Object.assign(job, { status: 'concluded', error: 'Operation canceled' });
    return {};
  }

  async release(): Promise<void> {
    await Promise.resolve();
    this.released += 1;
  }

  add(status: string, error?: string): void {
    const progress = { 'current-progress': 1, 'total-progress': 2 };
    this.jobs.push({ id: 'job', status, ...progress, ...(error === undefined ? {} : { error }) });
  }
}

let table: JobTable;
beforeEach(() => {
  table = new JobTable();
});

describe('a job', () => {
  test('is begun, watched and forgotten', async () => {
    const seen: Progress[] = [];
    await runBlockJob(table, START, options({ progress: (progress) => seen.push(progress) }));
    expect(table.said).toEqual(['block-commit 0', 'job-dismiss']);
    expect(seen).toEqual([{ done: 1, total: 2 }]);
  });

  test.each<[error: string, code: string]>([
    ['Input/output error', 'failed'],
    ['No space left on device', 'no-space'],
  ])('that fails (%s) is forgotten, and not begun again', async (error, code) => {
    table.look = (job) => Object.assign(job, { status: 'concluded', error });
    await expect(runBlockJob(table, START, options())).rejects.toMatchObject({
      code,
      message: `block job job failed: ${error}`,
    });
    expect(table.said).toEqual(['block-commit 0', 'job-dismiss']);
  });

  test('that cannot be begun changes nothing', async () => {
    table.refuse = (command) => (command === 'block-commit' ? 'Need a root block node' : undefined);
    await expect(runBlockJob(table, START, options())).rejects.toThrow('Need a root block node');
    expect(table.said).toEqual(['block-commit 0']);
  });

  test('that vanishes is unavailable: nobody knows how it ended', async () => {
    table.look = () => (table.jobs = []);
    await expect(runBlockJob(table, START, options())).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('is not begun where it was cancelled before', async () => {
    const signal = AbortSignal.abort();
    await expect(runBlockJob(table, START, options({ signal }))).rejects.toMatchObject({ code: 'cancelled' });
    expect(table.said).toEqual([]);
  });

  test('is cancelled with its caller', async () => {
    const abort = new AbortController();
    table.look = () => abort.abort();
    const { signal } = abort;
    await expect(runBlockJob(table, START, options({ signal }))).rejects.toMatchObject({ code: 'cancelled' });
    expect(table.said).toEqual(['block-commit 0', 'job-cancel', 'job-dismiss']);
  });

  test('is cancelled when its time is over', async () => {
    table.look = () => undefined;
    await expect(runBlockJob(table, START, options({ timeoutMs: 30 }))).rejects.toMatchObject({
      code: 'timeout',
    });
    expect(table.said).toEqual(['block-commit 0', 'job-cancel', 'job-dismiss']);
  });

  test('that ends before it can be cancelled has done its work', async () => {
    const abort = new AbortController();
    table.look = () => abort.abort();
    table.refuse = (command) => {
      if (command !== 'job-cancel') return undefined;
      table.jobs[0]!.status = 'concluded';
      return "Job 'job' in state 'concluded' cannot accept command verb 'cancel'";
    };
    await runBlockJob(table, START, options({ signal: abort.signal }));
    expect(table.jobs).toEqual([]);
  });

  test('that takes long lets others have the monitor', async () => {
    let looks = 0;
    table.look = (job) => {
      looks += 1;
      if (looks > 6) job.status = 'concluded';
    };
    await runBlockJob(table, START, options());
    expect(table.released).toBeGreaterThan(0);
  });
});

describe('a job that is there already', () => {
  test.each<[status: string, error: string | undefined, said: readonly string[]]>([
    ['running', undefined, ['block-job-set-speed 0', 'job-dismiss']],
    ['pending', undefined, ['job-dismiss']],
    ['concluded', undefined, ['job-dismiss']],
    ['concluded', 'Operation canceled', ['job-dismiss', 'block-commit 0', 'job-dismiss']],
  ])('(%s, %s) is waited for, and begun again where it has failed', async (status, error, said) => {
    table.add(status, error);
    let looks = 0;
    table.look = (job) => {
      looks += 1;
      if (looks > 1) job.status = 'concluded';
    };
    await runBlockJob(table, START, options());
    expect(table.said).toEqual(said);
  });

  test('and ends when its speed is set is done', async () => {
    table.add('running');
    table.look = () => undefined;
    table.refuse = (command) => {
      if (command !== 'block-job-set-speed') return undefined;
      table.jobs[0]!.status = 'concluded';
      return 'Job not found';
    };
    await runBlockJob(table, START, options());
    expect(table.said).toEqual(['block-job-set-speed 0', 'job-dismiss']);
  });
});
