import { ContainerModule, defineDriver } from '@scoria/core';
import { Chores } from './background/chores.js';
import { Courtesy } from './background/courtesy.js';
import { FlattenCopies } from './background/flatten-copies.js';
import { FlattenQueue } from './background/flatten-queue.js';
import { FlattenStates } from './background/flatten-states.js';
import { Recovery } from './background/recovery.js';
import { TrashPurger } from './background/trash-purger.js';
import { UserWork } from './background/user-work.js';
import { BackgroundConnection } from './cluster/background-connection.js';
import { RbdConnection } from './cluster/rbd-connection.js';
import { ConnectionInfos } from './driver/connection-info.js';
import { PoolStatistics } from './driver/pool-stats.js';
import { ProvisionedBytes } from './driver/provisioned.js';
import { RbdTools } from './driver/rbd-tools.js';
import { VolumeLocks } from './driver/volume-locks.js';
import { ParentRelease } from './execute/parent-release.js';
import { WatchedImages } from './execute/watched-images.js';
import { FlattenProgresses } from './journal/flatten-progress.js';
import { Journal } from './journal/journal.js';
import { Adoption } from './manage/adoption.js';
import { ManageImages } from './manage/manage-images.js';
import { ManageSnapshotsOfImages } from './manage/manage-snapshots.js';
import { Takeover } from './manage/takeover.js';
import { RBD_OPTIONS } from './options.js';
import { RbdDriver } from './rbd-driver.js';

const bindings = new ContainerModule(({ bind }) => {
  for (const service of [
    UserWork,
    RbdConnection,
    BackgroundConnection,
    VolumeLocks,
    Journal,
    WatchedImages,
    ParentRelease,
    FlattenProgresses,
    FlattenStates,
    Courtesy,
    FlattenCopies,
    FlattenQueue,
    RbdTools,
    TrashPurger,
    Recovery,
    Chores,
    ConnectionInfos,
    ProvisionedBytes,
    PoolStatistics,
    ManageImages,
    ManageSnapshotsOfImages,
    Adoption,
    Takeover,
  ]) {
    bind<object>(service).toSelf().inSingletonScope();
  }
});

export { RBD_OPTIONS, RbdDriver };

/** Volumes as images in a Ceph pool: snapshots and clones share their data, and nothing is mounted. */
export default defineDriver({
  name: 'rbd',
  apiRange: '^1.2.0',
  options: RBD_OPTIONS,
  capabilities: [
    'clone',
    'revert',
    'manage',
    'manageSnapshots',
    'adopt',
    'inspect',
    'plan',
    'onlineSnapshot',
    'onlineExtend',
    'changedBlocks',
    'trim',
    'retype',
    'multiattach',
    'cloneImage',
    'backup',
  ],
  driver: RbdDriver,
  bindings,
});
