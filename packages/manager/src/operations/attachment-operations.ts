import type { ConnectionInfo, Connector } from '@scoria/core';
import { isUuid } from '@scoria/core';
import type { AttachmentRecord } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { randomUUID } from 'node:crypto';
import { ManagerError } from '../errors.js';
import { findVolume } from '../lookup.js';
import type { AttachRequest, Caller } from '../requests.js';
import { everyVolume } from '../views/every-page.js';
import type { Accepted } from '../volume-manager.js';
import { Desk } from './desk.js';
import { AttachVolume, ConnectVolume, DetachVolume } from './attach-volume.js';
import { invalidInput, wrongState } from './refusals.js';
import { subjectOf } from './volume-state.js';

const MAX_TEXT = 255;

/** Gives volumes to hosts and takes them back. A volume has one attachment at a time. */
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
    const volume = await findVolume(this.desk.store, caller.projectId, request.volume);
    await this.desk.checks.requireState('attach-volume', volume);
    const attachment = this.#record(volume.id, request);
    const parameters = { ...subjectOf(volume), attachment, connector };
    return this.desk.submission.submit(
      caller,
      { handler: this.attaching, parameters, initial: attachment },
      () => this.desk.store.getAttachment(attachment.id),
    );
  }

  async detach(caller: Caller, attachmentId: string): Promise<Accepted<AttachmentRecord>> {
    const attachment = await this.#find(caller, attachmentId);
    const volume = await findVolume(this.desk.store, caller.projectId, attachment.volumeId);
    if (volume.status !== 'in-use') throw wrongState('volume', volume, 'detaching it', ['in-use']);
    const parameters = { ...subjectOf(volume), attachmentId: attachment.id };
    const initial = { ...attachment, status: 'detaching' } as const;
    return this.desk.submission.submit(caller, { handler: this.detaching, parameters, initial }, () =>
      this.desk.store.getAttachment(attachment.id),
    );
  }

  async list(caller: Caller, name?: string): Promise<AttachmentRecord[]> {
    const { projectId } = caller;
    if (name !== undefined) {
      return this.desk.store.listAttachments((await findVolume(this.desk.store, projectId, name)).id);
    }
    const attachments = await this.desk.store.listAttachments();
    if (attachments.length === 0) return [];
    const own = new Set((await everyVolume(this.desk.store, { projectId })).map(({ id }) => id));
    return attachments.filter(({ volumeId }) => own.has(volumeId));
  }

  /** What a host needs to reach the volume. Changes no state. */
  async connect(caller: Caller, name: string, connector: Connector): Promise<ConnectionInfo> {
    requireConnector(connector);
    const volume = await findVolume(this.desk.store, caller.projectId, name);
    await this.desk.checks.requireState('connect-volume', volume);
    return this.desk.submission.carryOut(caller, this.connecting, { ...subjectOf(volume), connector });
  }

  #record(volumeId: string, { connector, instanceId, device }: AttachRequest): AttachmentRecord {
    const at = this.desk.timestamp();
    return {
      id: randomUUID(),
      volumeId,
      status: 'attaching',
      host: connector.host,
      ...(instanceId === undefined ? {} : { instanceId }),
      ...(device === undefined ? {} : { device }),
      connector,
      createdAt: at,
      updatedAt: at,
    };
  }

  /** Another project's attachment is not there. */
  async #find({ projectId }: Caller, id: string): Promise<AttachmentRecord> {
    const attachment = isUuid(id) ? await this.desk.store.getAttachment(id) : undefined;
    const volume = attachment && (await this.desk.store.getVolume(attachment.volumeId));
    if (attachment !== undefined && volume?.projectId === projectId) return attachment;
    throw new ManagerError({
      code: 'not-found',
      message: `there is no attachment ${JSON.stringify(id)}; see those of a volume by listing them`,
      details: { attachment: id },
    });
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
