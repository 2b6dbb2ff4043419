import type { ComputeApi, GuestDisk, GuestDiskRequest, OperationContext } from '@scoria/core';
import { inject, injectable, optional } from 'inversify';

import { LiveChain } from './live-chain.js';
import { MonitorDisk, type MonitorDiskLimits } from './monitor-disk.js';
import { monitorIsThere, monitorPath } from './monitor-socket.js';
import { QmpMonitor, saysNobodyThere } from './qmp-monitor.js';

const DEFAULTS: Required<Omit<QmpComputeOptions, 'bytesPerSecond'>> = {
  waitMs: 30_000,
  snapshotTimeoutMs: 600_000,
  jobTimeoutMs: 7_200_000,
};

export interface QmpComputeOptions extends Partial<MonitorDiskLimits> {
  /** How long to wait for others that are connected to a monitor; 30 s unless told. */
  readonly waitMs?: number;
}
export const QmpComputeOptions = Symbol.for('scoria.QmpComputeOptions');

/**
 * Guests whose hypervisor's monitor (QMP) is a Unix socket on this host, as an attachment's `monitor` names it. A monitor
 * serves one connection at a time: it is let go of while a job goes on, and others are waited for.
 */
@injectable()
export class QmpCompute implements ComputeApi {
  constructor(@inject(QmpComputeOptions) @optional() private readonly options: QmpComputeOptions = {}) {}

  /**
   * @returns `undefined` where nobody listens at the socket; the guest's process may still be there with its socket
   *   removed, so look at the locks of its files too
   */
  async openDisk(context: OperationContext, request: GuestDiskRequest): Promise<GuestDisk | undefined> {
    const socketPath = monitorPath(request.attachment);
    if (!(await monitorIsThere(socketPath))) return undefined;
    const options = { ...DEFAULTS, ...this.options };
    const monitor = new QmpMonitor(socketPath, context, options);
    try {
      await monitor.connect();
    } catch (error) {
      if (saysNobodyThere(error)) return undefined;
      throw error;
    }
    return new MonitorDisk(monitor, new LiveChain(monitor), { ...options, snapshotId: request.snapshotId });
  }
}
