import type { HttpAnswer, HttpClient, HttpRequest } from '../http/http-client.js';
import { HttpFailure } from '../http/http-failure.js';
import type { ServiceSession } from '../keystone/session.js';
import { readJson } from '../keystone/token-answer.js';
import { NovaRefusal, refusalOf } from './nova-refusal.js';

const RESOURCE = '/os-assisted-volume-snapshots';
/** The first version there is of the requests here; nothing newer is needed. */
const VERSION = 'compute 2.1';

/** Who asks, for Nova's log, and how the request is given up. */
export interface NovaCall {
  readonly requestId: string;
  readonly signal?: AbortSignal;
}

export interface CreateSnapshot {
  /** As Nova knows it. */
  readonly volumeId: string;
  readonly snapshotId: string;
  /** The overlay's plain name; it is beside the active file. */
  readonly newFile: string;
}

export interface DeleteSnapshot {
  readonly volumeId: string;
  readonly snapshotId: string;
  /** Plain names. With a target, what is merged into it; without one, what the active file stands on afterwards. */
  readonly fileToMerge: string | undefined;
  readonly mergeTarget: string | undefined;
}

/**
 * Nova's requests for disks whose snapshots are taken by the guest's own host. Nova answers when it has passed them on;
 * how they end it reports to the volume service. A token that is refused is replaced once.
 */
export class NovaClient {
  constructor(
    private readonly http: HttpClient,
    private readonly session: ServiceSession,
  ) {}

  /** @throws NovaRefusal, and DriverError where no token can be had: nothing was asked then */
  async createSnapshot(call: NovaCall, { volumeId, snapshotId, newFile }: CreateSnapshot): Promise<void> {
    const createInfo = { type: 'qcow2', snapshot_id: snapshotId, new_file: newFile };
    const body = { snapshot: { volume_id: volumeId, create_info: createInfo } };
    const answer = await this.#send(call, { method: 'POST', path: RESOURCE, body });
    if (!isSuccess(answer) || !hasSnapshot(answer.text)) throw refusalOf(answer.status, answer.text);
  }

  /** @throws as {@link createSnapshot} */
  async deleteSnapshot(
    call: NovaCall,
    { volumeId, snapshotId, fileToMerge, mergeTarget }: DeleteSnapshot,
  ): Promise<void> {
    const info = {
      type: 'qcow2',
      volume_id: volumeId,
      file_to_merge: fileToMerge ?? null,
      merge_target_file: mergeTarget ?? null,
    };
    const query = new URLSearchParams({ delete_info: JSON.stringify(info) }).toString();
    const path = `${RESOURCE}/${encodeURIComponent(snapshotId)}?${query}`;
    const answer = await this.#send(call, { method: 'DELETE', path });
    if (answer.status !== 204 && answer.status !== 202) throw refusalOf(answer.status, answer.text);
  }

  async #send(
    call: NovaCall,
    request: Pick<HttpRequest, 'method' | 'body'> & { path: string },
  ): Promise<HttpAnswer> {
    const first = await this.#try(call, request);
    return first.status === 401 ? this.#try(call, request) : first;
  }

  async #try(
    { requestId, signal }: NovaCall,
    { method, path, body }: Pick<HttpRequest, 'method' | 'body'> & { path: string },
  ): Promise<HttpAnswer> {
    const access = await this.session.access(signal);
    const headers = { 'x-auth-token': access.token, 'openstack-api-version': VERSION, ...traced(requestId) };
    const answer = await this.http
      .send({ method, url: `${access.endpoint}${path}`, headers, body, signal })
      .catch((cause: unknown) => {
        throw refusedBy(cause);
      });
    if (answer.status === 401) this.session.refused(access);
    return answer;
  }
}

function isSuccess({ status }: HttpAnswer): boolean {
  return status >= 200 && status < 300;
}

/** A proxy or another program at Nova's address would have other answers. */
function hasSnapshot(text: string): boolean {
  const answer = readJson(text);
  return typeof answer === 'object' && answer !== null && 'snapshot' in answer;
}

function refusedBy(cause: unknown): unknown {
  if (!(cause instanceof HttpFailure)) return cause;
  return new NovaRefusal(cause.neverSent ? 'refused' : 'unknown', cause.message, cause);
}

/** OpenStack's services take a foreign request id in this form only. */
function traced(requestId: string): Record<string, string> {
  const isGlobal = /^req-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(requestId);
  return isGlobal ? { 'x-openstack-request-id': requestId } : {};
}
