import type { Clock, ComputeApi, GuestDisk, GuestDiskRequest, OperationContext } from '@scoria/core';
import { DriverError } from '@scoria/core';
import type { ServiceSession } from '../keystone/session.js';
import type { NovaClient } from './nova-client.js';
import { NovaDisk } from './nova-disk.js';
import type { SnapshotReports } from './snapshot-reports.js';

export interface NovaComputePorts {
  readonly client: NovaClient;
  readonly session: ServiceSession;
  readonly reports: SnapshotReports;
  readonly clock: Clock;
}

/**
 * Guests that Nova runs. It is asked to change a chain and reports when that is done. It does not tell whether a
 * guest's process is there: a guest that is shut off counts as one that may be started at any time.
 */
export class NovaCompute implements ComputeApi {
  constructor(private readonly ports: NovaComputePorts) {}

  async openDisk({ signal, logger }: OperationContext, request: GuestDiskRequest): Promise<GuestDisk> {
    const { attachment, volume } = request;
    if (attachment.instanceId === undefined)
      throw new DriverError({
        code: 'not-supported',
        message: `the attachment ${attachment.id} of the volume ${volume.id} names no server of Nova; detach the volume and attach it with the server's id`,
        details: { volumeId: volume.id, attachmentId: attachment.id },
      });
    // Whoever cannot log in is told before anything is begun.
    await this.ports.session.access(signal);
    return new NovaDisk(request, this.ports, logger);
  }
}
