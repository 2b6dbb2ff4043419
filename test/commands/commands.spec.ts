import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Ended } from './run-program.js';
import { scoria } from './run-program.js';

interface Shown {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly size: number;
  readonly snapshot_id: string | null;
  readonly parent_id: string | null;
  readonly blocked_by: readonly string[];
}

describe('commands', () => {
  let directory: string;

  async function run(...args: string[]): Promise<Ended> {
    return scoria(directory, ...args);
  }

  /** The one JSON document on standard output. */
  async function json<T = Shown>(...args: string[]): Promise<T> {
    const { status, stdout, stderr } = await run('--json', ...args);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return JSON.parse(stdout) as T;
  }

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'scoria-commands-'));
  });
  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  it('make the records of a new state at the same time', async () => {
    const lists = await Promise.all(Array.from({ length: 6 }, async () => json<Shown[]>('volume', 'list')));
    expect(lists).toEqual(lists.map(() => []));
  });

  it('work at the same time on one state', async () => {
    const names = ['a', 'b', 'c', 'd'];
    const made = await Promise.all(names.map((name) => json('volume', 'create', name, '--size', '1')));
    expect(made.map(({ name, status }) => [name, status])).toEqual(names.map((name) => [name, 'available']));
    const both = await Promise.all([
      run('snapshot', 'create', 'a', 'first'),
      run('snapshot', 'create', 'a', 'second'),
      run('volume', 'delete', 'b'),
      run('volume', 'delete', 'b'),
    ]);
    const statuses = both.map(({ status }) => status);
    expect(statuses.slice(0, 2)).toEqual([0, 0]);
    // One deletes it; the other finds it in work or gone, and says so.
    expect(statuses.slice(2).sort()).toEqual([0, 1]);
    const listed = await json<Shown[]>('volume', 'list');
    expect(listed.map(({ name }) => name).sort()).toEqual(['a', 'c', 'd']);
    expect((await run('backend', 'audit', 'local')).stdout).toContain('nothing is wrong');
  });

  it('show what is in the way, and what would free it', async () => {
    const volume = await json('volume', 'create', 'data', '--size', '1');
    const snapshot = await json('snapshot', 'create', 'data', 'monday');
    const copy = await json('volume', 'create', 'copy', '--from-snapshot', 'monday');
    expect(copy).toMatchObject({ snapshot_id: snapshot.id, size: 1 });

    const layers = await json<Shown[]>('volume', 'chain', 'data');
    expect(layers.find(({ id }) => id === volume.id)).toMatchObject({ parent_id: snapshot.id });
    const drawn = (await run('volume', 'chain', 'data')).stdout.split('\n');
    expect(drawn[0]).toBe(`snapshot monday ${snapshot.id}  available  1 GiB`);
    expect(drawn[1]).toMatch(
      new RegExp(`^└─ volume data ${volume.id}  available  1 GiB  \\(delete is blocked`),
    );

    const refused = await run('--json', 'volume', 'delete', 'data');
    expect(refused).toMatchObject({ status: 1, stdout: '' });
    expect(JSON.parse(refused.stderr)).toMatchObject({ error: { code: 'has-dependents' } });
    const { stdout } = await run('volume', 'blockers', 'data');
    expect(stdout).toContain(`to free it: scoria snapshot delete ${snapshot.id}`);
  });

  it('only plan with --dry-run', async () => {
    await json('volume', 'create', 'data', '--size', '1');
    await json('snapshot', 'create', 'data', 'monday');
    const before = [await json('volume', 'list'), await json('snapshot', 'list')];
    const planned = await Promise.all(
      [
        'volume delete data',
        'volume delete data --cascade',
        'volume extend data 2',
        'volume revert data monday',
        'snapshot create data x',
        'snapshot delete monday',
        'volume create x --from-snapshot monday',
      ].map(async (line) => {
        const { status, stdout, stderr } = await run(...line.split(' '), '--dry-run');
        return [line, status, stdout.split('\n').at(-2), stderr];
      }),
    );
    const nothing = 'Nothing was changed.';
    expect(planned).toEqual([
      ['volume delete data', 1, `It would not be begun. ${nothing}`, ''],
      ...planned.slice(1).map(([line]) => [line, 0, nothing, '']),
    ]);
    expect([await json('volume', 'list'), await json('snapshot', 'list')]).toEqual(before);
  });

  it('write out what would drive the terminal', async () => {
    const name = 'evil\u001b]0;x\u0007\u009b31m\u202e\nrow';
    expect(await json('volume', 'create', name, '--size', '1')).toMatchObject({ name });
    for (const args of [
      ['volume', 'list'],
      ['volume', 'show', name],
      ['volume', 'list', '--json'],
      ['volume', 'chain', name],
      ['volume', 'create', 'x', '--from-volume', name, '--dry-run'],
      ['volume', 'show', `${name}?`],
      ['operation', 'list'],
    ]) {
      const { stdout, stderr } = await run(...args);
      // eslint-disable-next-line no-control-regex -- they are looked for
      expect(`${stdout}${stderr}`).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    }
  });

  it('keep projects apart', async () => {
    await json('--project', 'one', 'volume', 'create', 'data', '--size', '1');
    expect(await json<Shown[]>('volume', 'list')).toEqual([]);
    expect(await run('volume', 'show', 'data')).toMatchObject({
      status: 1,
      stderr: 'scoria: there is no volume "data"\n',
    });
  });

  it('set, quota, type and operations', async () => {
    await json('volume', 'create', 'data', '--size', '1');
    const changed = await json('volume', 'set', 'data', '--name', 'other', '--property', 'a=b=c');
    expect(changed).toMatchObject({ name: 'other', metadata: { a: 'b=c' } });
    expect(await json('quota', 'set', 'gigabytes', '1')).toEqual({ resource: 'gigabytes', limit: 1 });
    const refused = await run('volume', 'extend', 'other', '2');
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain('scoria: project default may have 1 GiB in all');
    expect(await json('type', 'create', 'gold', '--spec', 'a=b')).toMatchObject({ extra_specs: { a: 'b' } });
    expect(await json('type', 'delete', 'gold')).toEqual({ type: 'gold', status: 'deleted' });
    const [operation] = await json<Shown[]>('operation', 'list', '--status', 'succeeded');
    expect(operation).toMatchObject({ operation: 'create-volume', progress: 100 });
    expect(await json('operation', 'show', operation!.id)).toEqual(operation);
  });
});
