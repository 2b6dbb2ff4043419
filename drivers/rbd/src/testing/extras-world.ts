import type { GuardedDriver, OperationContext } from '@scoria/core';
import type { RbdCluster, RbdPool } from '@scoria/librbd';

/** The driver on a cluster, and the cluster as somebody beside it sees it. */
export interface ExtrasWorld {
  readonly driver: GuardedDriver;
  readonly cluster: RbdCluster;
  readonly pool: RbdPool;
  readonly context: (signal?: AbortSignal) => OperationContext;
}
