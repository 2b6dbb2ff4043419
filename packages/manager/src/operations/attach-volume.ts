import type { ConnectionInfo, Connector, ScoriaError } from '@scoria/core';
import { wantsMultiattach } from '@scoria/core';
import type { AttachmentRecord, Claim, Records } from '@scoria/store';
import { injectable } from 'inversify';
import { driverTypeOf, driverVolumeOf } from '../driver-objects.js';
import type { OperationHandler, OperationRun } from '../engine/operation-handler.js';
import { connectorOf } from '../recorded-connections.js';
import { beginOn, Untouched } from './begin.js';
import { sharedVolume, wholeAttachment, wholeVolume } from './claims.js';
import { changedMeanwhile, goneMeanwhile } from './refusals.js';
import type { VolumeSubject } from './volume-state.js';
import { enterState, leaveInFailure, leaveInSuccess, volumeOf } from './volume-state.js';

export interface AttachVolumeParameters extends VolumeSubject {
  /** What is inserted when it is accepted. */
  readonly attachment: AttachmentRecord;
  readonly connector: Connector;
}

/** Gives a host a volume that nobody has, or that several may have. */
@injectable()
export class AttachVolume implements OperationHandler<AttachVolumeParameters, ConnectionInfo> {
  readonly kind = 'attach-volume';
  readonly recovery = 'undo';
  readonly #untouched = new Untouched();

  backends({ backend }: AttachVolumeParameters): readonly string[] {
    return [backend];
  }

  claims({ volumeId, attachment }: AttachVolumeParameters): readonly Claim[] {
    return [wholeVolume(volumeId), wholeAttachment(attachment.id)];
  }

  async accept(records: Records, parameters: AttachVolumeParameters): Promise<void> {
    const { typeId } = await enterState(records, this.kind, parameters);
    if (parameters.before === 'in-use' && !wantsMultiattach(await driverTypeOf(records, typeId)))
      throw changedMeanwhile('volume', parameters.volumeId, 'it is for one guest only now');
    await records.insertAttachment(parameters.attachment);
  }

  async run(
    { backend, volumeId, connector }: AttachVolumeParameters,
    run: OperationRun,
  ): Promise<ConnectionInfo> {
    const { driver } = await this.#untouched.beginOn(run, backend);
    const volume = await driverVolumeOf(run.records, await volumeOf(run.records, volumeId));
    return driver.initializeConnection(run.context, volume, connector);
  }

  async undo(parameters: AttachVolumeParameters, run: OperationRun): Promise<void> {
    if (this.#untouched.take(run)) return;
    const { backend, volumeId, connector, attachment } = parameters;
    const { driver } = await run.backend(backend);
    if ((await othersOf(run.records, volumeId, attachment.id)).some(isOn(connector.host))) return;
    const volume = await driverVolumeOf(run.records, await volumeOf(run.records, volumeId));
    await driver.terminateConnection(run.context, volume, connector);
  }

  async succeed(records: Records, parameters: AttachVolumeParameters, info: ConnectionInfo): Promise<void> {
    await leaveInSuccess(records, this.kind, parameters);
    await records.changeAttachment(parameters.attachment.id, { status: 'attached', connectionInfo: info });
  }

  async fail(records: Records, parameters: AttachVolumeParameters, error: ScoriaError): Promise<void> {
    await leaveInFailure(records, this.kind, parameters, error);
    await records.removeAttachment(parameters.attachment.id);
  }
}

export interface DetachVolumeParameters extends VolumeSubject {
  readonly attachmentId: string;
}

/** Takes a volume back from its host. Drivers take a connection that is gone for a success. */
@injectable()
export class DetachVolume implements OperationHandler<DetachVolumeParameters, undefined> {
  readonly kind = 'detach-volume';
  readonly recovery = 'resume';

  backends({ backend }: DetachVolumeParameters): readonly string[] {
    return [backend];
  }

  claims({ volumeId, attachmentId }: DetachVolumeParameters): readonly Claim[] {
    return [wholeVolume(volumeId), wholeAttachment(attachmentId)];
  }

  async accept(records: Records, parameters: DetachVolumeParameters): Promise<void> {
    await enterState(records, this.kind, parameters);
    const { attachmentId } = parameters;
    if (await records.changeAttachment(attachmentId, { status: 'detaching' })) return;
    throw goneMeanwhile('attachment', attachmentId);
  }

  async run(
    { backend, volumeId, attachmentId }: DetachVolumeParameters,
    run: OperationRun,
  ): Promise<undefined> {
    const { driver } = await beginOn(run, backend);
    const connector = connectorOf(await run.records.getAttachment(attachmentId));
    const others = await othersOf(run.records, volumeId, attachmentId);
    // A host keeps its connection for as long as a guest on it has the volume. Without a connector every host's
    // connection is ended: that is for the last one.
    if (others.some(isOn(connector?.host)) || (connector === undefined && others.length > 0))
      return undefined;
    const volume = await driverVolumeOf(run.records, await volumeOf(run.records, volumeId));
    await driver.terminateConnection(run.context, volume, connector);
    return undefined;
  }

  async succeed(records: Records, parameters: DetachVolumeParameters): Promise<void> {
    const others = await othersOf(records, parameters.volumeId, parameters.attachmentId);
    await leaveInSuccess(records, this.kind, parameters, others.length > 0 ? { status: 'in-use' } : {});
    await records.removeAttachment(parameters.attachmentId);
  }

  async fail(records: Records, parameters: DetachVolumeParameters, error: ScoriaError): Promise<void> {
    await leaveInFailure(records, this.kind, parameters, error);
    await records.changeAttachment(parameters.attachmentId, { status: 'attached' });
  }
}

/** The other attachments of a volume that several may have. */
async function othersOf(
  records: Pick<Records, 'listAttachments'>,
  volumeId: string,
  attachmentId: string,
): Promise<AttachmentRecord[]> {
  return (await records.listAttachments(volumeId)).filter(({ id }) => id !== attachmentId);
}

function isOn(host: string | undefined): (attachment: AttachmentRecord) => boolean {
  return (attachment) => host !== undefined && attachment.host === host;
}

export interface ConnectVolumeParameters extends VolumeSubject {
  readonly connector: Connector;
}

/** Says how a host reaches a volume, and lets it in. Changes no state. */
@injectable()
export class ConnectVolume implements OperationHandler<ConnectVolumeParameters, ConnectionInfo> {
  readonly kind = 'connect-volume';
  readonly recovery = 'undo';

  backends({ backend }: ConnectVolumeParameters): readonly string[] {
    return [backend];
  }

  claims({ volumeId }: ConnectVolumeParameters): readonly Claim[] {
    return [sharedVolume(volumeId)];
  }

  async accept(records: Records, parameters: ConnectVolumeParameters): Promise<void> {
    await enterState(records, this.kind, parameters);
  }

  async run(
    { backend, volumeId, connector }: ConnectVolumeParameters,
    run: OperationRun,
  ): Promise<ConnectionInfo> {
    const { driver } = await beginOn(run, backend);
    const volume = await driverVolumeOf(run.records, await volumeOf(run.records, volumeId));
    return driver.initializeConnection(run.context, volume, connector);
  }

  async succeed(): Promise<void> {
    // The volume's state is what it was.
  }

  async fail(): Promise<void> {
    // The volume's state is what it was.
  }
}
