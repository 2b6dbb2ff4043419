import { setTimeout as sleep } from 'node:timers/promises';
import type { CloudAnswer, CloudRequest } from './cloud-request.js';
import type { FakeKeystone } from './fake-keystone.js';

/** What was asked of a server's host. */
export interface NovaJob {
  readonly kind: 'create' | 'delete';
  readonly volumeId: string;
  readonly snapshotId: string;
  /** `create_info` or `delete_info`, as it was sent. */
  readonly info: Readonly<Record<string, unknown>>;
  /** The token it was asked with, which is the one it reports with. */
  readonly token: string;
}

/** How a job ends; `undefined`: nothing is ever reported of it. */
export type JobEnd = { readonly status: string; readonly progress?: string } | undefined;

/** How long Nova waits before it connects to the volume service again: its `[cinder] http_retries`, 3 unless told. */
const RETRIES_MS = [500, 1000, 2000];

/** The servers of a {@link FakeCloud}; hosts do what they are asked to, and report it to the volume service. */
export class FakeNova {
  /**
   * The volumes that are attached, and what their servers do: `busy` ones are at a task and refuse, and those that are
   * `stopped` refuse to have a file committed.
   */
  readonly volumes = new Map<string, 'ready' | 'busy' | 'stopped'>();
  readonly jobs: NovaJob[] = [];
  /** The volume service's address with the project: where jobs are reported. */
  volumeService: ((projectId: string) => string) | undefined;
  /** The statuses of the answers to reports; `lost` where nobody listened. */
  readonly reported: (number | 'lost')[] = [];
  /** How often an answer that did not come is asked for once more, after how long. */
  retriesMs: readonly number[] = RETRIES_MS;
  /** Does the work, and says what is reported of it. */
  work: (job: NovaJob) => JobEnd | Promise<JobEnd> = ({ kind }) => ({
    status: kind === 'create' ? 'creating' : 'deleting',
    progress: '90%',
  });
  readonly #running = new Set<Promise<void>>();

  constructor(private readonly keystone: FakeKeystone) {}

  /** Resolves when every job has ended and was reported. */
  async settled(): Promise<void> {
    await Promise.all(this.#running);
  }

  answer(request: CloudRequest): CloudAnswer {
    const user = this.keystone.userOf(request);
    if (user === undefined) return fault(401, 'unauthorized', 'Unauthorized');
    if (!user.roles.includes('admin')) return fault(403, 'forbidden', 'Policy does not allow it');
    const token = String(request.headers['x-auth-token']);
    const { path, method } = request;
    if (!path.includes('/os-assisted-volume-snapshots'))
      return fault(404, 'itemNotFound', 'no such resource');
    if (method === 'POST') return this.#create(request, token);
    return this.#delete(request, token);
  }

  #create({ body }: CloudRequest, token: string): CloudAnswer {
    const { volume_id: volumeId, create_info: info } = (
      body as { snapshot: { volume_id: string; create_info: Record<string, string> } }
    ).snapshot;
    const job: NovaJob = { kind: 'create', volumeId, snapshotId: info.snapshot_id ?? '', info, token };
    return this.#begin(job) ?? { status: 200, body: { snapshot: { id: job.snapshotId, volumeId } } };
  }

  #delete({ path, query }: CloudRequest, token: string): CloudAnswer {
    const info = JSON.parse(query.get('delete_info') ?? '{}') as Record<string, string>;
    const snapshotId = decodeURIComponent(path.split('/').at(-1) ?? '');
    const job: NovaJob = { kind: 'delete', volumeId: info.volume_id ?? '', snapshotId, info, token };
    return this.#begin(job) ?? { status: 204 };
  }

  #begin(job: NovaJob): CloudAnswer | undefined {
    const state = this.volumes.get(job.volumeId);
    if (state === undefined)
      return fault(400, 'badRequest', `No volume Block Device Mapping with id ${job.volumeId}.`);
    const isCommit = job.kind === 'delete' && typeof job.info.merge_target_file === 'string';
    const wrong =
      state === 'busy' ? 'task_state image_snapshot' : state === 'stopped' && isCommit && 'vm_state stopped';
    if (wrong !== false)
      return fault(
        400,
        'badRequest',
        `Instance i in ${wrong}. Cannot volume_snapshot_${job.kind} while the instance is in this state.`,
      );
    this.jobs.push(job);
    const running = this.#run(job).finally(() => this.#running.delete(running));
    this.#running.add(running);
    return undefined;
  }

  /** What the volume service answers; `undefined` where nobody listens, also when tried again. */
  async callVolumeService(token: string, path: string, body?: object): Promise<Response | undefined> {
    const base = this.volumeService?.(this.keystone.tokens.get(token)?.projectId ?? 'none') ?? '';
    const headers = { 'x-auth-token': token, 'content-type': 'application/json' };
    const request =
      body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) };
    for (const pause of [...this.retriesMs, undefined]) {
      const answer = await fetch(`${base}${path}`, request).catch(() => undefined);
      if (answer !== undefined || pause === undefined) return answer;
      await sleep(pause);
    }
    return undefined;
  }

  /** As Nova does: a report that does not arrive is forgotten. */
  async #run(job: NovaJob): Promise<void> {
    const end = await this.work(job);
    if (end === undefined || this.volumeService === undefined) return;
    const answer = await this.callVolumeService(job.token, `/snapshots/${job.snapshotId}/action`, {
      'os-update_snapshot_status': end,
    });
    this.reported.push(answer?.status ?? 'lost');
  }
}

function fault(code: number, name: string, message: string): CloudAnswer {
  return { status: code, body: { [name]: { code, message } } };
}
