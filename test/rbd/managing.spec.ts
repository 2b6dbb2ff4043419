import { createHash } from 'node:crypto';
import { mkdir, open, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { scoria } from '../commands/run-program.js';
import { CephCluster } from '../support/ceph-cluster.js';
import { someOf } from '../support/some-of.js';

const FORMATS = someOf([1, 2] as const, 0.5);

describe.each(FORMATS)('taking over images and snapshots by the command, clone format %i', (cloneFormat) => {
  let cluster: CephCluster;
  let directory: string;

  beforeAll(async () => {
    cluster = await CephCluster.start({ cloneFormat });
    directory = path.join(cluster.directory, 'host');
    await mkdir(directory);
    const configuration = [
      'enabled_backends: [ceph]',
      'backends:',
      '  ceph:',
      "    volume_driver: '@scoria/driver-rbd'",
      '    rbd_ceph_conf: ../ceph.conf',
    ];
    await writeFile(path.join(directory, 'scoria.yaml'), `${configuration.join('\n')}\n`);
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  async function run(...args: string[]): Promise<string> {
    const { status, stdout, stderr } = await scoria(directory, ...args);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return stdout;
  }

  async function json<T>(...args: string[]): Promise<T> {
    return JSON.parse(await run(...args, '--json')) as T;
  }

  interface Entry {
    readonly reference: string;
    readonly volume_id: string | null;
    readonly safe_to_manage: boolean;
    readonly reason_not_safe: string | null;
  }

  async function snapshots(): Promise<unknown[]> {
    const found = await json<Entry[]>('snapshot', 'manageable', 'ceph');
    return found.map(({ reference, volume_id: id, safe_to_manage: isSafe, reason_not_safe: reason }) => [
      reference,
      id,
      isSafe,
      reason,
    ]);
  }

  it('first an image, then its snapshot, which volumes are made of; and lets both go', async () => {
    const data = Buffer.alloc(4096, 'what it was on monday ');
    const file = path.join(directory, 'data');
    await writeFile(file, data);
    await cluster.tool('rbd', 'import', '--image-format', '2', file, 'rbd/theirs');
    await cluster.tool('rbd', 'snap', 'create', 'rbd/theirs@monday');
    const notYet = 'theirs is not managed; manage that as a volume first';
    expect(await snapshots()).toEqual([['monday', null, false, notYet]]);

    const { id } = await json<{ id: string }>('volume', 'manage', 'ceph', 'theirs', '--name', 'data');
    expect(await snapshots()).toEqual([['monday', id, true, null]]);
    const refused = await scoria(directory, 'snapshot', 'manage', 'data', 'tuesday', '--name', 'tuesday');
    expect([refused.status, refused.stderr]).toEqual([1, expect.stringMatching(/no snapshot tuesday/)]);
    expect(await json('snapshot', 'list')).toEqual([]);

    const managed = await json<{ id: string; status: string; size: number; volume_id: string }>(
      ...['snapshot', 'manage', 'data', 'monday', '--name', 'monday'],
    );
    expect(managed).toMatchObject({ status: 'available', volume_id: id });
    expect(await snapshots()).toEqual([]);
    expect(await cluster.tool('rbd', 'snap', 'ls', `rbd/volume-${id}`)).toMatch(
      new RegExp(`snapshot-${managed.id} .* yes`),
    );

    await run('volume', 'create', 'copy', '--from-snapshot', 'monday', '--size', '1');
    const copy = path.join(directory, 'copy');
    await run('volume', 'export', 'copy', copy);
    await using handle = await open(copy);
    const { buffer } = await handle.read({ buffer: Buffer.alloc(data.length) });
    expect(digestOf(buffer)).toBe(digestOf(data));
    await run('volume', 'delete', 'copy');

    expect(await run('snapshot', 'unmanage', 'monday')).toContain('unmanaged');
    expect(await snapshots()).toEqual([[`snapshot-${managed.id}`, id, true, null]]);
    const { stdout } = await scoria(directory, 'backend', 'audit', 'ceph');
    expect(stdout).toMatch(new RegExp(`orphan: snapshot.*${managed.id}`));
    await run('snapshot', 'manage', 'data', `snapshot-${managed.id}`, '--name', 'again');
    await run('snapshot', 'delete', 'again');
    await run('volume', 'delete', 'data');
    expect(JSON.parse(await cluster.tool('rbd', 'ls', 'rbd', '--format', 'json'))).toEqual([]);
  });
});

function digestOf(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
