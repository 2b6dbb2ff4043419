import type { Death, TreeCall, TreeOutcome, TreeProcess, TreeWorld } from '@scoria/driver-rbd/testing';
import { NativeRbdClient } from '@scoria/librbd';
import type { CloneFormat, RbdCluster, RbdPool } from '@scoria/librbd';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import path from 'node:path';
import { programOf } from '../../commands/run-program.js';
import type { CephCluster } from '../../support/ceph-cluster.js';
import type { TreeAnswer, TreeProcessOptions } from './tree-message.js';

const PROGRAM = 'test/dist/rbd/trees/tree-process.js';
/** How much later a process is killed for each change that it is to get further. */
const CHANGE_MS = 6;
const WHEN_MS = { before: 0, during: 2, after: 4 };
const TIMEOUT_MS = 30_000;

/** A pool of a real cluster, whose processes are real, and are killed with SIGKILL. */
export class CephWorld implements TreeWorld, AsyncDisposable {
  private constructor(
    private readonly ceph: CephCluster,
    private readonly cluster: RbdCluster,
    readonly pool: RbdPool,
    private readonly process: TreeProcessOptions,
  ) {}

  static async open(ceph: CephCluster, options: Readonly<Record<string, unknown>>): Promise<CephWorld> {
    const cluster = await new NativeRbdClient().connect({ confFile: ceph.confFile, timeoutMs: TIMEOUT_MS });
    const stateDirectory = await mkdtemp(path.join(ceph.directory, 'state-'));
    // Who was killed is taken for one that watches, for as long as the test's cluster says.
    const patience = { rados_connection_retries: 10, rados_connection_interval: 1 };
    const all = { rbd_ceph_conf: ceph.confFile, ...patience, ...options };
    return new CephWorld(ceph, cluster, await cluster.openPool('rbd'), { options: all, stateDirectory });
  }

  async useFormat(format: CloneFormat): Promise<void> {
    await this.cluster.command({
      prefix: 'osd set-require-min-compat-client',
      version: format === 1 ? 'luminous' : 'mimic',
      yes_i_really_mean_it: true,
    });
  }

  readonly objectsOfImages = async (): Promise<string[]> => {
    const listed = await this.ceph.tool('rados', '--pool', this.pool.name, 'ls');
    return listed.split('\n').filter(isOfImage).sort();
  };

  async start(death?: Death): Promise<TreeProcess | undefined> {
    const child = fork(programOf(PROGRAM), [JSON.stringify(this.process)], { stdio: 'inherit' });
    const started = new CephTreeProcess(child);
    const answer = await started.answer(death === undefined ? undefined : 60 + killAfter(death));
    if (answer !== undefined) return started;
    const { exitCode, signalCode } = child;
    if (death === undefined)
      throw new Error(`a process that nobody killed did not start: ${String(exitCode ?? signalCode)}`);
    return undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster.close();
  }
}

/** The others are of the pool, and stay: its directory, its trash, the journal. */
function isOfImage(object: string): boolean {
  return /^(rbd_id|rbd_header|rbd_object_map|rbd_data|journal)[._]/.test(object);
}

class CephTreeProcess implements TreeProcess {
  constructor(private readonly child: ChildProcess) {}

  async run(call: TreeCall, death?: Death): Promise<TreeOutcome> {
    const answered = this.answer(death === undefined ? undefined : killAfter(death));
    this.child.send({ call });
    const answer = await answered;
    if (answer === undefined) return { kind: 'died' };
    return answer.kind === 'ready' ? { kind: 'done' } : answer;
  }

  /** @returns undefined where it has died; it is killed after so many milliseconds, if it is told to be */
  async answer(killAfterMs: number | undefined): Promise<TreeAnswer | undefined> {
    const { child } = this;
    const timer =
      killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
    try {
      return await new Promise((resolve) => {
        child.once('message', (message) => {
          resolve(message as TreeAnswer);
        });
        child.once('exit', () => {
          resolve(undefined);
        });
      });
    } finally {
      clearTimeout(timer);
      child.removeAllListeners('message');
      child.removeAllListeners('exit');
    }
  }

  async end(): Promise<void> {
    const { child } = this;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    if (child.connected) child.disconnect();
    const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
    await gone;
    clearTimeout(timer);
  }
}

function killAfter({ at, when }: Death): number {
  return at * CHANGE_MS + WHEN_MS[when];
}
