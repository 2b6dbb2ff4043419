import type {
  ComputeApi,
  GuestDisk,
  GuestDiskRequest,
  OperationContext,
  VolumeAttachment,
} from '@scoria/core';
import { DriverError } from '@scoria/core';

export interface ComputeChoices {
  /** For attachments with a monitor. */
  readonly monitor: ComputeApi;
  /** For attachments with an instance; absent where no compute service is configured. */
  readonly service?: ComputeApi | undefined;
  /** The name of the host that this process runs on. */
  readonly hostName: string;
  /** The guests that the records name for a volume, by its backend's id of it. */
  readonly recorded: (volumeId: string) => Promise<readonly VolumeAttachment[]>;
}

/** Asks each guest in the way that its attachment names: by its hypervisor's monitor, or by the compute service. */
export class ComputeChoice implements ComputeApi {
  constructor(private readonly choices: ComputeChoices) {}

  async openDisk(context: OperationContext, request: GuestDiskRequest): Promise<GuestDisk | undefined> {
    const { monitor, instanceId } = request.attachment;
    if (monitor !== undefined) return this.#byMonitor(context, request);
    const { service } = this.choices;
    if (instanceId === undefined) throw notSaid(request);
    if (service === undefined) throw noService(request);
    return service.openDisk(context, request);
  }

  async attachmentsOf(volumeId: string): Promise<readonly VolumeAttachment[]> {
    return this.choices.recorded(volumeId);
  }

  /** That nobody listens at a socket says something of the guests of this host only. */
  async #byMonitor(context: OperationContext, request: GuestDiskRequest): Promise<GuestDisk | undefined> {
    const { hostName, monitor } = this.choices;
    const disk = await monitor.openDisk(context, request);
    if (disk !== undefined || isSameHost(request.attachment.host, hostName)) return disk;
    throw elsewhere(request, hostName);
  }
}

/** One may be with its domain, and the other without. */
function isSameHost(one: string, other: string): boolean {
  const [a, b] = [one.toLowerCase(), other.toLowerCase()];
  return a === b || a.startsWith(`${b}.`) || b.startsWith(`${a}.`);
}

function subject({ volume, attachment }: GuestDiskRequest): string {
  return `the guest on host ${attachment.host} that has volume ${volume.id} (attachment ${attachment.id})`;
}

/** @param problem what follows the guest's name */
function notReached(request: GuestDiskRequest, problem: string, remedy: string): DriverError {
  const { volume, attachment } = request;
  return new DriverError({
    code: 'not-supported',
    message:
      `${subject(request)} cannot be asked to change its disk: ${problem}; ${remedy}, ` +
      `or detach it first: scoria volume detach ${volume.id} ${attachment.id}`,
    details: { volumeId: volume.id, attachment: attachment.id, host: attachment.host },
  });
}

function notSaid(request: GuestDiskRequest): DriverError {
  return notReached(
    request,
    "the attachment names neither its hypervisor's monitor nor its instance",
    'attach the volume with one of them (scoria volume attach --monitor SOCKET, or --instance ID)',
  );
}

function noService(request: GuestDiskRequest): DriverError {
  return notReached(
    request,
    `it is instance ${request.attachment.instanceId ?? ''} of a compute service, and none is configured`,
    "configure it, or attach the volume with the hypervisor's monitor (scoria volume attach --monitor SOCKET)",
  );
}

function elsewhere(request: GuestDiskRequest, hostName: string): DriverError {
  const { volume, attachment } = request;
  return new DriverError({
    code: 'unavailable',
    message:
      `${subject(request)} cannot be asked from host ${hostName}, and may be running: its monitor ` +
      `${attachment.monitor ?? ''} is on its own host; try again there, ` +
      `or detach it first: scoria volume detach ${volume.id} ${attachment.id}`,
    details: { volumeId: volume.id, attachment: attachment.id, host: attachment.host },
  });
}
