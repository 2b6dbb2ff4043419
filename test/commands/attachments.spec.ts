import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:net';
import { createServer } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import type { Ended } from './run-program.js';
import { scoria } from './run-program.js';

interface Shown {
  readonly id: string;
  readonly volume_id: string;
  readonly status: string;
  readonly attachments: readonly Record<string, unknown>[];
  readonly connection_info: { readonly data: Record<string, unknown> } | null;
}

describe('attachments', () => {
  let directory: string;

  async function run(...args: string[]): Promise<Ended> {
    return scoria(directory, ...args);
  }

  async function json<T = Shown>(...args: string[]): Promise<T> {
    const { status, stdout, stderr } = await run('--json', ...args);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return JSON.parse(stdout) as T;
  }

  /** The error of a command that fails. */
  async function refused(...args: string[]): Promise<{ code: string; message: string }> {
    const { status, stdout, stderr } = await run('--json', ...args);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    return (JSON.parse(stderr) as { error: { code: string; message: string } }).error;
  }

  async function listen(socket: string): Promise<Server> {
    const server = createServer().listen(socket);
    await once(server, 'listening');
    return server;
  }

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'scoria-attachments-'));
  });
  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  it('are made, shown, in the way, and ended', async () => {
    const volume = await json('volume', 'create', 'data', '--size', '1');
    expect(await json('volume', 'show', 'data')).toMatchObject({ attachments: [] });
    expect(await json<Shown[]>('attachment', 'list')).toEqual([]);

    const instance = '66666666-6666-4666-8666-666666666666';
    const made = await json('volume', 'attach', 'data', '--instance', instance, '--device', '/dev/vdb');
    expect(made).toMatchObject({
      volume_id: volume.id,
      status: 'attached',
      instance,
      attach_mode: 'rw',
      host_name: hostname(),
      device: '/dev/vdb',
      monitor: null,
      connection_info: { data: { name: expect.stringContaining(volume.id) as unknown } },
    });
    expect(await json('attachment', 'show', made.id)).toEqual(made);
    expect(await json<Shown[]>('attachment', 'list', '--volume', 'data')).toEqual([made]);
    expect(await json('volume', 'show', 'data')).toMatchObject({
      status: 'in-use',
      attachments: [
        {
          attachment_id: made.id,
          volume_id: volume.id,
          server_id: instance,
          host_name: hostname(),
          device: '/dev/vdb',
        },
      ],
    });
    expect((await run('names', 'attachment')).stdout).toBe(`${made.id}\n`);
    const detaching = `scoria volume detach ${volume.id} ${made.id}`;
    expect((await run('volume', 'blockers', 'data')).stdout).toContain(`to free it: ${detaching}`);
    expect(await refused('volume', 'delete', 'data')).toMatchObject({
      code: 'conflict',
      message: expect.stringContaining(detaching) as unknown,
    });
    // What was said can be typed.
    const ended = await json(...detaching.split(' ').slice(1));
    expect(ended).toMatchObject({ id: made.id, status: 'detached', connection_info: null });
    expect(await json('volume', 'show', 'data')).toMatchObject({ status: 'available', attachments: [] });
    expect(await json('volume', 'delete', 'data')).toMatchObject({ status: 'deleted' });
  });

  it('say which is meant, and which are not there', async () => {
    await json('volume', 'create', 'data', '--size', '1');
    expect(await refused('volume', 'detach', 'data')).toEqual({
      code: 'not-found',
      message: 'volume "data" has not an attachment: it has none',
      details: { volume: 'data', attachments: [] },
    });
    await writeFile(path.join(directory, 'connector.json'), '{ "host": "compute-1", "ip": "10.0.0.1" }');
    const made = await json('volume', 'attach', 'data', '--connector', 'connector.json');
    expect(made).toMatchObject({ host_name: 'compute-1' });
    const other = '77777777-7777-4777-8777-777777777777';
    expect((await refused('volume', 'detach', 'data', other)).message).toBe(
      `volume "data" has not the attachment "${other}": it has ${made.id}`,
    );
    expect(await refused('attachment', 'show', other)).toMatchObject({
      code: 'not-found',
      message: `there is no attachment "${other}"; see which there are: scoria attachment list`,
    });
    expect(await json<Shown[]>('--project', 'other', 'attachment', 'list')).toEqual([]);
    expect((await refused('--project', 'other', 'attachment', 'show', made.id)).code).toBe('not-found');
    expect(await refused('volume', 'attach', 'data')).toMatchObject({ code: 'conflict' });
    expect(await json('volume', 'detach', 'data')).toMatchObject({ id: made.id, status: 'detached' });
  });

  it('keep snapshots of a volume away whose guest cannot take part in them', async () => {
    const volume = await json('volume', 'create', 'data', '--size', '1');
    await json('snapshot', 'create', 'data', 'monday');
    const { id } = await json('volume', 'attach', 'data');
    const before = await json('attachment', 'show', id);
    for (const words of ['snapshot create data tuesday', 'volume create copy --from-volume data']) {
      const { message } = await refused(...words.split(' '));
      expect(message).toContain(`scoria volume detach ${volume.id} ${id}`);
    }
    const left = (await json<Shown[]>('snapshot', 'list')).filter(({ status }) => status === 'available');
    expect(left).toHaveLength(1);
    expect(await json('volume', 'show', 'data')).toMatchObject({ status: 'in-use' });
    expect((await json('attachment', 'show', id)).connection_info).toEqual(before.connection_info);
    await json('volume', 'detach', 'data');
    await json('snapshot', 'create', 'data', 'wednesday');
  });

  it('with a monitor need a socket that is there', async () => {
    await json('volume', 'create', 'data', '--size', '1');
    const monitor = path.join(directory, 'guest.sock');
    await writeFile(monitor, '');
    const wrong = await run('volume', 'attach', 'data', '--monitor', monitor);
    expect(wrong).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/guest\.sock is no socket\n$/) as unknown,
    });
    await rm(monitor);
    const server = await listen(monitor);
    try {
      expect(await json('volume', 'attach', 'data', '--monitor', monitor)).toMatchObject({ monitor });
    } finally {
      server.close();
    }
    expect(await json('volume', 'detach', 'data')).toMatchObject({ monitor, status: 'detached' });
  });
});
