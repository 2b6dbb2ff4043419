import type { ConnectionInfo, Connector } from '@scoria/core';
import type { AttachmentRecord } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { findAttachment, findAttachments, findVolume } from '../lookup.js';
import type { AttachRequest, Caller } from '../requests.js';
import type { Accepted } from '../volume-manager.js';
import { Desk } from './desk.js';
import { AttachVolume, ConnectVolume, DetachVolume } from './attach-volume.js';
import { invalidInput, wrongState } from './refusals.js';
import { subjectOf } from './volume-state.js';

const MAX_TEXT = 255;
/** What the address of a Unix socket has room for, with the 0 at its end. */
const MAX_SOCKET_BYTES = 107;

/** Gives volumes to hosts and takes them back. A volume has one attachment at a time, unless its type says otherwise. */
@injectable()
export class AttachmentOperations {
  constructor(
    @inject(Desk) private readonly desk: Desk,
    @inject(AttachVolume) private readonly attaching: AttachVolume,
    @inject(DetachVolume) private readonly detaching: DetachVolume,
    @inject(ConnectVolume) private readonly connecting: ConnectVolume,
  ) {}

  async attach(caller: Caller, request: AttachRequest): Promise<Accepted<AttachmentRecord>> {
    const { connector } = request;
    requireConnector(connector);
    requireText('device', request.device);
    requireText('instance id', request.instanceId);
    requireMonitor(request.monitor);
    const volume = await findVolume(this.desk.store, caller.projectId, request.volume);
    await this.desk.checks.requireAttachable(volume);
    const attachment = this.#record(volume.id, request);
    const parameters = { ...subjectOf(volume), attachment, connector };
    return this.desk.submission.submit(
      caller,
      { handler: this.attaching, parameters, initial: attachment },
      () => this.desk.store.getAttachment(attachment.id),
    );
  }

  async detach(caller: Caller, attachmentId: string): Promise<Accepted<AttachmentRecord>> {
    const attachment = await findAttachment(this.desk.store, caller.projectId, attachmentId);
    const volume = await findVolume(this.desk.store, caller.projectId, attachment.volumeId);
    if (volume.status !== 'in-use') throw wrongState('volume', volume, 'detaching it', ['in-use']);
    const parameters = { ...subjectOf(volume), attachmentId: attachment.id };
    const initial = { ...attachment, status: 'detaching' } as const;
    return this.desk.submission.submit(caller, { handler: this.detaching, parameters, initial }, () =>
      this.desk.store.getAttachment(attachment.id),
    );
  }

  async list(caller: Caller, name?: string): Promise<AttachmentRecord[]> {
    return findAttachments(this.desk.store, caller.projectId, name);
  }

  /** What a host needs to reach the volume. Changes no state. */
  async connect(caller: Caller, name: string, connector: Connector): Promise<ConnectionInfo> {
    requireConnector(connector);
    const volume = await findVolume(this.desk.store, caller.projectId, name);
    await this.desk.checks.requireState('connect-volume', volume);
    return this.desk.submission.carryOut(caller, this.connecting, { ...subjectOf(volume), connector });
  }

  #record(volumeId: string, { connector, instanceId, monitor, device }: AttachRequest): AttachmentRecord {
    const at = this.desk.timestamp();
    return {
      id: randomUUID(),
      volumeId,
      status: 'attaching',
      host: connector.host,
      ...(instanceId === undefined ? {} : { instanceId }),
      ...(monitor === undefined ? {} : { monitor }),
      ...(device === undefined ? {} : { device }),
      connector,
      createdAt: at,
      updatedAt: at,
    };
  }
}

function requireConnector(connector: unknown): void {
  const host: unknown =
    typeof connector === 'object' && connector !== null && 'host' in connector ? connector.host : undefined;
  if (typeof host === 'string' && host !== '' && host.length <= MAX_TEXT) return;
  throw invalidInput(
    'the connector must name its host: { "host": "compute-1", ... }, at most 255 characters',
  );
}

function requireText(what: string, text: unknown): void {
  if (text === undefined || (typeof text === 'string' && text.length <= MAX_TEXT)) return;
  throw invalidInput(`the ${what} of an attachment must be text of at most 255 characters`);
}

function requireMonitor(monitor: unknown): void {
  if (monitor === undefined) return;
  const problem = monitorProblem(monitor);
  if (problem === undefined) return;
  throw invalidInput(`the monitor of a guest is the absolute path of its Unix socket, ${problem}`);
}

function monitorProblem(monitor: unknown): string | undefined {
  if (typeof monitor !== 'string') return `and ${JSON.stringify(monitor)} is no text`;
  if (monitor.includes('\0')) return 'and this one has a NUL character in it';
  if (!path.isAbsolute(monitor)) return `and ${JSON.stringify(monitor)} is relative`;
  const bytes = Buffer.byteLength(monitor);
  if (bytes <= MAX_SOCKET_BYTES) return undefined;
  return `of at most ${MAX_SOCKET_BYTES} bytes, and this one has ${bytes}`;
}
