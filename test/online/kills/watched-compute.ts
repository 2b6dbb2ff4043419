import type {
  ComputeApi,
  GuestDisk,
  GuestDiskRequest,
  OperationContext,
  VolumeAttachment,
} from '@scoria/core';
import { QmpCompute } from '@scoria/disk-image';

/** What a guest's process is asked for. */
export type GuestCall = 'switch' | 'commit' | 'pull' | 'flush';
/** Called when a guest's process is about to be asked, and when it has answered. */
export type OnGuestCall = (call: GuestCall, moment: 'before' | 'after') => Promise<void> | void;

/** Guests at their monitors, in the way that a test wants them asked. */
export class WatchedCompute implements ComputeApi {
  onCall: OnGuestCall = () => undefined;
  /** No limit unless given. */
  bytesPerSecond: number | undefined;
  /** What a manager has on record of a volume. */
  recorded: (volumeId: string) => readonly VolumeAttachment[] = () => [];

  async openDisk(context: OperationContext, request: GuestDiskRequest): Promise<GuestDisk | undefined> {
    const { bytesPerSecond } = this;
    const compute = new QmpCompute(bytesPerSecond === undefined ? {} : { bytesPerSecond });
    const disk = await compute.openDisk(context, request);
    return disk === undefined ? undefined : this.#watched(disk);
  }

  async attachmentsOf(volumeId: string): Promise<readonly VolumeAttachment[]> {
    return Promise.resolve(this.recorded(volumeId));
  }

  #watched(disk: GuestDisk): GuestDisk {
    const watch = async (call: GuestCall, work: () => Promise<void>): Promise<void> => {
      await this.onCall(call, 'before');
      await work();
      await this.onCall(call, 'after');
    };
    return {
      hasOpen: async (file) => disk.hasOpen(file),
      takeSnapshot: async (context, change) => watch('switch', () => disk.takeSnapshot(context, change)),
      commit: async (context, change) => watch('commit', () => disk.commit(context, change)),
      pull: async (context, change) => watch('pull', () => disk.pull(context, change)),
      flush: async (context, chain) => watch('flush', () => disk.flush(context, chain)),
      [Symbol.asyncDispose]: async () => disk[Symbol.asyncDispose](),
    };
  }
}
