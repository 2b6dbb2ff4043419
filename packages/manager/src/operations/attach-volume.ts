import type { ConnectionInfo, Connector, ScoriaError } from '@scoria/core';
import type { AttachmentRecord, Claim, Records } from '@scoria/store';
import { injectable } from 'inversify';
import { driverVolumeOf, toDriverVolume } from '../driver-objects.js';
import type { OperationHandler, OperationRun } from '../engine/operation-handler.js';
import { connectorOf } from '../recorded-connections.js';
import { beginOn, Untouched } from './begin.js';
import { sharedVolume, wholeAttachment, wholeVolume } from './claims.js';
import { goneMeanwhile } from './refusals.js';
import type { VolumeSubject } from './volume-state.js';
import { enterState, leaveInFailure, leaveInSuccess, volumeOf } from './volume-state.js';

export interface AttachVolumeParameters extends VolumeSubject {
  /** What is inserted when it is accepted. */
  readonly attachment: AttachmentRecord;
  readonly connector: Connector;
}

/** Gives a host a volume that nobody has. */
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
    await enterState(records, this.kind, parameters);
    await records.insertAttachment(parameters.attachment);
  }

  async run(
    { backend, volumeId, connector }: AttachVolumeParameters,
    run: OperationRun,
  ): Promise<ConnectionInfo> {
    const { driver } = await this.#untouched.beginOn(run, backend);
    const volume = toDriverVolume(await volumeOf(run.records, volumeId));
    return driver.initializeConnection(run.context, volume, connector);
  }

  async undo({ backend, volumeId, connector }: AttachVolumeParameters, run: OperationRun): Promise<void> {
    if (this.#untouched.take(run)) return;
    const { driver } = await run.backend(backend);
    const volume = toDriverVolume(await volumeOf(run.records, volumeId));
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
    const volume = toDriverVolume(await volumeOf(run.records, volumeId));
    // Without a connector, every host's connection is ended: a volume has only one attachment.
    const connector = connectorOf(await run.records.getAttachment(attachmentId));
    await driver.terminateConnection(run.context, volume, connector);
    return undefined;
  }

  async succeed(records: Records, parameters: DetachVolumeParameters): Promise<void> {
    await leaveInSuccess(records, this.kind, parameters);
    await records.removeAttachment(parameters.attachmentId);
  }

  async fail(records: Records, parameters: DetachVolumeParameters, error: ScoriaError): Promise<void> {
    await leaveInFailure(records, this.kind, parameters, error);
    await records.changeAttachment(parameters.attachmentId, { status: 'attached' });
  }
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
