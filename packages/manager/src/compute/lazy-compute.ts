import type { ComputeApi, GuestDisk, GuestDiskRequest, OperationContext } from '@scoria/core';

/** A compute service whose code is loaded when the first disk is opened. */
export class LazyCompute implements ComputeApi {
  #loaded: Promise<ComputeApi> | undefined;

  constructor(private readonly load: () => Promise<ComputeApi>) {}

  async openDisk(context: OperationContext, request: GuestDiskRequest): Promise<GuestDisk | undefined> {
    this.#loaded ??= this.load();
    const compute = await this.#loaded;
    return compute.openDisk(context, request);
  }
}
