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

/** The servers of a {@link FakeCloud}; hosts do what they are asked to, and report it to the volume service. */
export class FakeNova {
  /** The volumes that are attached, and what their servers do: `busy` ones refuse. */
  readonly volumes = new Map<string, 'ready' | 'busy'>();
  readonly jobs: NovaJob[] = [];
  /** The volume service's address with the project: where jobs are reported. */
  volumeService: ((projectId: string) => string) | undefined;
  /** The statuses of the answers to reports. */
  readonly reported: number[] = [];
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
    if (state === 'busy')
      return fault(
        400,
        'badRequest',
        "Cannot 'volume_snapshot_create' instance i while it is in task_state image_snapshot while the instance is in this state",
      );
    this.jobs.push(job);
    const running = this.#run(job).finally(() => this.#running.delete(running));
    this.#running.add(running);
    return undefined;
  }

  /** As Nova does: a report that does not arrive is not sent again. */
  async #run(job: NovaJob): Promise<void> {
    const end = await this.work(job);
    const base = this.volumeService?.(this.keystone.tokens.get(job.token)?.projectId ?? 'none');
    if (end === undefined || base === undefined) return;
    const { status } = await fetch(`${base}/snapshots/${job.snapshotId}/action`, {
      method: 'POST',
      headers: { 'x-auth-token': job.token, 'content-type': 'application/json' },
      body: JSON.stringify({ 'os-update_snapshot_status': end }),
    });
    this.reported.push(status);
  }
}

function fault(code: number, name: string, message: string): CloudAnswer {
  return { status: code, body: { [name]: { code, message } } };
}
