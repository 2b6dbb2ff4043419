import type { GuestDisk } from '@scoria/core';
import type { FakeUser, NovaJob } from '@scoria/testkit';
import { FakeCloud } from '@scoria/testkit';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { programOf } from '../commands/run-program.js';
import { configurationFor, ReportedSnapshot } from './reported-snapshot.js';

const BASE = { path: '/srv/share/volume-1', format: 'raw' } as const;
const LOWER = { path: '/srv/share/volume-1.aaaa', format: 'qcow2' } as const;
const OVERLAY = '/srv/share/volume-1.bbbb';
const TAKE = { active: LOWER, overlay: OVERLAY };

describe("a guest's disk at Nova", () => {
  it('is switched to an overlay: the report arrives by HTTP, and changes no state', async () => {
    await using stage = await ReportedSnapshot.open('creating');
    await using disk = await stage.disk();
    await disk.takeSnapshot(stage.context(), TAKE);
    expect(await disk.hasOpen(OVERLAY)).toBe(true);
    expect(stage.cloud.nova.jobs).toMatchObject([
      {
        kind: 'create',
        volumeId: stage.snapshot.volumeId,
        snapshotId: stage.snapshot.id,
        info: { type: 'qcow2', new_file: 'volume-1.bbbb' },
      },
    ]);
    expect(stage.cloud.nova.reported).toEqual([202]);
    expect(await stage.stored()).toMatchObject({
      status: 'creating',
      computeReport: { status: 'creating', progress: '90%', asked: 'switch to volume-1.bbbb' },
    });
  });

  it.each<[string, (disk: GuestDisk, stage: ReportedSnapshot) => Promise<void>, object]>([
    [
      'commits a file into the one below it',
      (disk, stage) => disk.commit(stage.context(), { active: OVERLAY, file: LOWER.path, base: BASE }),
      { file_to_merge: 'volume-1.aaaa', merge_target_file: 'volume-1' },
    ],
    [
      'takes in what is below it',
      (disk, stage) => disk.pull(stage.context(), { active: OVERLAY, file: LOWER.path, base: BASE }),
      { file_to_merge: 'volume-1', merge_target_file: null },
    ],
  ])('%s', async (_, change, files) => {
    await using stage = await ReportedSnapshot.open('deleting');
    await using disk = await stage.disk();
    await change(disk, stage);
    expect(stage.cloud.nova.jobs).toMatchObject([{ kind: 'delete', info: files }]);
    expect(await stage.stored()).toMatchObject({ status: 'deleting', computeReport: { progress: '90%' } });
  });

  it('is as it was where its host reports that it could not', async () => {
    await using stage = await ReportedSnapshot.open('creating');
    stage.cloud.nova.work = () => ({ status: 'error', progress: '90%' });
    await using disk = await stage.disk();
    await expect(disk.takeSnapshot(stage.context(), TAKE)).rejects.toMatchObject({ code: 'failed' });
    expect(await disk.hasOpen(OVERLAY)).toBe(false);
    expect(await stage.stored()).toMatchObject({ status: 'creating' });
  });

  it('is waited for by another process, which does not ask again for what is done', async () => {
    await using stage = await ReportedSnapshot.open('creating');
    const first = new AbortController();
    let finish = (): void => {};
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    stage.cloud.nova.work = async () => {
      first.abort(new Error('the process dies here'));
      await finished;
      return { status: 'creating', progress: '90%' };
    };
    await using disk = await stage.disk();
    await expect(disk.takeSnapshot(stage.context(first.signal), TAKE)).rejects.toMatchObject({
      code: 'unavailable',
    });
    finish();
    await stage.cloud.nova.settled();
    await using other = await stage.disk();
    expect(await other.hasOpen(OVERLAY)).toBe(true);
    await other.takeSnapshot(stage.context(), TAKE);
    expect(stage.cloud.nova.jobs).toHaveLength(1);
  });

  it('is waited for while Nova is at it already', async () => {
    await using stage = await ReportedSnapshot.open('deleting');
    const first = new AbortController();
    let finish = (): void => {};
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    stage.cloud.nova.work = async () => {
      stage.cloud.nova.volumes.set(stage.snapshot.volumeId, 'busy');
      first.abort(new Error('the process dies here'));
      await finished;
      return { status: 'deleting', progress: '90%' };
    };
    const change = { active: OVERLAY, file: LOWER.path, base: BASE };
    await using disk = await stage.disk();
    await expect(disk.commit(stage.context(first.signal), change)).rejects.toMatchObject({
      code: 'unavailable',
    });
    await using other = await stage.disk();
    const again = other.commit(stage.context(), change);
    finish();
    await again;
    expect(stage.cloud.nova.jobs).toHaveLength(1);
  });
});

describe('a report', () => {
  const stranger: FakeUser = {
    name: 'mallory',
    domain: 'Default',
    password: 'p',
    project: 'hers',
    projectId: 'her-project',
    roles: ['member'],
  };
  const body = JSON.stringify({ 'os-update_snapshot_status': { status: 'creating', progress: '90%' } });

  async function send(
    stage: ReportedSnapshot,
    token: string | undefined,
    projectId: string,
  ): Promise<number> {
    const { status } = await fetch(`${stage.address}/v3/${projectId}/snapshots/${stage.snapshot.id}/action`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { 'x-auth-token': token }),
      },
      body,
    });
    return status;
  }

  it('of anybody but a service is not taken', async () => {
    await using stage = await ReportedSnapshot.open('creating');
    const { keystone } = stage.cloud;
    expect(await send(stage, undefined, stranger.projectId)).toBe(401);
    expect(await send(stage, 'guessed', stranger.projectId)).toBe(401);
    expect(await send(stage, keystone.issue(stranger), stranger.projectId)).toBe(403);
    const service = keystone.issue(keystone.users[0]!);
    expect(await send(stage, service, stranger.projectId)).toBe(400);
    expect(await stage.stored()).toEqual(stage.snapshot);
    expect(await send(stage, service, keystone.users[0]!.projectId)).toBe(202);
  });

  it('that comes too late is not taken', async () => {
    await using stage = await ReportedSnapshot.open('available');
    const { keystone } = stage.cloud;
    const { projectId } = keystone.users[0]!;
    expect(await send(stage, keystone.issue(keystone.users[0]!), projectId)).toBe(409);
    expect(await stage.stored()).toEqual(stage.snapshot);
  });

  it('is sent with the token that Nova was asked with', async () => {
    await using stage = await ReportedSnapshot.open('creating');
    const jobs: NovaJob[] = stage.cloud.nova.jobs;
    await using disk = await stage.disk();
    await disk.takeSnapshot(stage.context(), TAKE);
    expect(jobs.map(({ token }) => stage.cloud.keystone.tokens.get(token)?.name)).toEqual(['cinder']);
    expect(JSON.stringify(stage.logger.lines)).not.toContain('hunter2');
  });
});

describe('scoria serve', () => {
  /** Starts it on a port of its own, and asks it for the route. */
  async function statusWith(configuration: (cloud: FakeCloud) => string): Promise<number> {
    const directory = await mkdtemp(path.join(tmpdir(), 'scoria-nova-'));
    await using cloud = await FakeCloud.start();
    await writeFile(path.join(directory, 'scoria.yaml'), configuration(cloud), { mode: 0o600 });
    const args = [programOf('packages/cli/bin/scoria.cjs'), 'serve', '--listen', '127.0.0.1:0'];
    const serving = spawn(process.execPath, args, { cwd: directory, timeout: 60_000 });
    const ended = once(serving, 'close');
    try {
      const [line] = (await once(createInterface({ input: serving.stdout }), 'line')) as [string];
      const address = /http:\/\/[\d.:]+/.exec(line)?.[0] ?? '';
      const answer = await fetch(`${address}/v3/p/snapshots/s/action`, { method: 'POST' });
      return answer.status;
    } finally {
      serving.kill('SIGTERM');
      await ended;
      await rm(directory, { recursive: true, force: true });
    }
  }

  it('takes reports, with a token, where a compute service is configured', async () => {
    expect(await statusWith(configurationFor)).toBe(401);
  });

  it('takes none where there is no compute service', async () => {
    expect(await statusWith((cloud) => configurationFor(cloud).replace(/nova:[^]*/, ''))).toBe(404);
  });
});
