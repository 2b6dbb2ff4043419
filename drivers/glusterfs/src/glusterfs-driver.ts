import { DriverOptions, inject, injectable } from '@scoria/core';
import type { ConnectionInfo, OperationContext } from '@scoria/core';
import type { ActiveFile } from '@scoria/remotefs';
import { mountedConnection, RemoteFsDriver, RemoteFsTools } from '@scoria/remotefs';
import { cacheProblem } from './client-caches.js';
import { threadProblem } from './client-threads.js';
import { mountOptionsOf } from './options.js';
import type { GlusterfsOptions } from './options.js';

/** Volumes as files on GlusterFS volumes. */
@injectable()
export class GlusterfsDriver extends RemoteFsDriver {
  protected readonly identity = { vendorName: 'Scoria', storageProtocol: 'glusterfs' };

  constructor(
    @inject(RemoteFsTools) tools: RemoteFsTools,
    @inject(DriverOptions) private readonly options: GlusterfsOptions,
  ) {
    super(tools);
  }

  override async checkForSetupError(context: OperationContext): Promise<void> {
    await super.checkForSetupError(context);
    for (const { share, path: mountPoint } of await this.tools.volumes.shares.available(context)) {
      for (const problem of await clientProblems(mountPoint)) {
        context.logger.warn(`the share ${share} ${problem}`);
      }
    }
  }

  /** What os-brick's remotefs connector and Nova's libvirt driver take for `glusterfs`. */
  protected connectionInfo(active: ActiveFile): ConnectionInfo {
    return mountedConnection('glusterfs', active, mountOptionsOf(this.options));
  }
}

/** Each reads after the share's name. */
async function clientProblems(mountPoint: string): Promise<string[]> {
  const problems: string[] = [];
  const cache = await cacheProblem(mountPoint);
  if (cache !== undefined) {
    problems.push(`answers from its client's memory, so only one host may use it; for several, ${cache}`);
  }
  const threads = await threadProblem(mountPoint);
  if (threads !== undefined) {
    problems.push(
      `can hang when several volumes are worked on at once, as its client has few threads; ${threads}`,
    );
  }
  return problems;
}
