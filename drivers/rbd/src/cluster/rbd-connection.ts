import { Clock, DriverError, DriverOptions, messageOf } from '@scoria/core';
import type { OperationContext } from '@scoria/core';
import { isRbdError, NativeRbdClient, RbdClient, RbdError } from '@scoria/librbd';
import type { RbdCluster, RbdPool } from '@scoria/librbd';
import { inject, injectable, optional } from 'inversify';
import type { RbdOptions } from '../options.js';
import { timeoutMsOf } from '../options.js';
import { UserWork } from '../background/user-work.js';
import { asDriverError } from './rbd-errors.js';

/** A connection with the pool of the volumes. */
export interface Connected {
  readonly cluster: RbdCluster;
  readonly pool: RbdPool;
}

/** How many requests of a remove or a rollback are under way at once; librbd's own 10 is slow. */
const MANAGEMENT_REQUESTS = '20';

/**
 * The one connection of a backend. It is kept, because making one takes longer than most operations, and made again by
 * the next call after it was lost. Goes through librados and librbd, unless another client is bound.
 */
@injectable()
export class RbdConnection {
  #connected: Promise<Connected> | undefined;
  #connectedAt = 0;
  #isClosed = false;
  /** Of librados and librbd, besides what the configuration file says. */
  protected readonly settings: Readonly<Record<string, string>> = {
    rbd_concurrent_management_ops: MANAGEMENT_REQUESTS,
  };

  constructor(
    @inject(DriverOptions) private readonly options: RbdOptions,
    @inject(Clock) private readonly clock: Clock,
    @inject(UserWork) private readonly work: UserWork,
    @inject(RbdClient) @optional() private readonly client: RbdClient = new NativeRbdClient(),
  ) {}

  /** Connects, and tries again as often as the options say. @throws DriverError */
  async start(context: OperationContext): Promise<void> {
    const { rados_connection_retries: attempts, rados_connection_interval: seconds } = this.options;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.use('connect to the cluster', async () => Promise.resolve());
        return;
      } catch (error) {
        if (attempt >= attempts || !isWorthAnother(error)) throw error;
        context.logger.warn(`${messageOf(error)}; trying again in ${seconds} s`);
        await this.clock.sleep(seconds * 1000, context.signal);
      }
    }
  }

  /** As {@link useInBackground}, for what users wait for. */
  async use<T>(operation: string, body: (connected: Connected) => Promise<T>): Promise<T> {
    return this.work.during(() => this.useInBackground(operation, body));
  }

  /**
   * Does something with the cluster. What it raises comes out as a DriverError; where the connection was lost, the next
   * call makes a new one.
   * @param operation for messages: 'delete volume ...'
   */
  async useInBackground<T>(operation: string, body: (connected: Connected) => Promise<T>): Promise<T> {
    let connecting: Promise<Connected> | undefined;
    try {
      if (this.#isClosed) throw ended();
      connecting = this.#connected ??= this.#open();
      return await body(await connecting);
    } catch (error) {
      if (isRbdError(error, 'disconnected', 'timed-out', 'closed')) this.#forget(connecting);
      if (!isRbdError(error, 'permission') || !isOfPool(error, this.options)) {
        throw asDriverError(error, operation);
      }
      // A connection keeps the rights that its user had when it was made: those that were given since come with another.
      if (this.#age() >= this.options.rados_connection_interval * 1000) this.#forget(connecting);
      throw asDriverError(notAllowed(this.options, error), operation);
    }
  }

  /** Ends the connection; calls under way end first. Idempotent, and for good. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const connecting = this.#connected;
    this.#connected = undefined;
    if (connecting !== undefined) await closeQuietly(connecting);
  }

  #age(): number {
    return this.clock.now() - this.#connectedAt;
  }

  async #open(): Promise<Connected> {
    try {
      this.#connectedAt = this.clock.now();
      return await this.#openPool(await this.#connect());
    } catch (error) {
      // The next call tries again.
      this.#connected = undefined;
      throw error;
    }
  }

  async #connect(): Promise<RbdCluster> {
    const { rbd_cluster_name, rbd_user, rbd_ceph_conf } = this.options;
    try {
      return await this.client.connect({
        clusterName: rbd_cluster_name,
        ...(rbd_user ? { user: rbd_user } : {}),
        ...(rbd_ceph_conf === '' ? {} : { confFile: rbd_ceph_conf }),
        settings: this.settings,
        timeoutMs: timeoutMsOf(this.options),
      });
    } catch (error) {
      throw isRbdError(error) ? noConnection(this.options, error) : error;
    }
  }

  async #openPool(cluster: RbdCluster): Promise<Connected> {
    const { rbd_pool } = this.options;
    try {
      return { cluster, pool: await cluster.openPool(rbd_pool) };
    } catch (error) {
      await cluster.close();
      throw isRbdError(error, 'not-found') ? noPool(rbd_pool, error) : error;
    }
  }

  #forget(lost: Promise<Connected> | undefined): void {
    if (lost === undefined) return;
    if (this.#connected === lost) this.#connected = undefined;
    // Its calls under way end first, which may take as long as their time limit.
    closeQuietly(lost).catch(() => undefined);
  }
}

async function closeQuietly(connecting: Promise<Connected>): Promise<void> {
  try {
    const { cluster } = await connecting;
    await cluster.close();
  } catch {
    // A connection that was never made, or is gone, has nothing to close.
  }
}

function isWorthAnother(error: unknown): boolean {
  if (!(error instanceof DriverError) || error.code !== 'unavailable') return false;
  return !isRbdError(error.cause, 'library-missing');
}

function ended(): DriverError {
  return new DriverError({ code: 'unavailable', message: 'the backend was ended' });
}

/** Says by which options it was tried: what is wrong is mostly one of them, or what they name. */
function noConnection({ rbd_user, rbd_ceph_conf }: RbdOptions, cause: RbdError): RbdError {
  if (cause.code === 'library-missing') return cause;
  const user = userOf(rbd_user);
  const file = rbd_ceph_conf === '' ? "Ceph's usual configuration file" : rbd_ceph_conf;
  const advice = "check rbd_ceph_conf, rbd_user and the user's keyring";
  return new RbdError({
    // That a key was not found is no word about a volume.
    code: cause.code === 'not-found' ? 'failed' : cause.code,
    message: `no connection as ${user} by ${file}: ${messageOf(cause)}; ${advice}`,
    details: { ...cause.details, user, file },
    cause,
  });
}

/** Other pools, those with images to clone among them, need not be open to the user. */
function isOfPool({ details }: RbdError, { rbd_pool }: RbdOptions): boolean {
  const pool = / (\S+)\//.exec(String(details.object))?.[1];
  return pool === undefined || pool === rbd_pool;
}

/** Says who is refused where, unless that is said already. */
function notAllowed({ rbd_user, rbd_pool }: RbdOptions, cause: RbdError): RbdError {
  if (cause.details.user !== undefined) return cause;
  const user = userOf(rbd_user);
  const advice =
    `${user} needs 'profile rbd' on the monitors and 'profile rbd pool=${rbd_pool}' on the OSDs ` +
    `(ceph auth get ${user}, ceph auth caps ${user} ...)`;
  return new RbdError({
    code: cause.code,
    message: `${messageOf(cause)}; ${advice}`,
    details: { ...cause.details, user, pool: rbd_pool },
    cause,
  });
}

function userOf(name: string | undefined): string {
  return `client.${name === undefined || name === '' ? 'admin' : name}`;
}

function noPool(pool: string, cause: unknown): DriverError {
  return new DriverError({
    code: 'failed',
    message: `the cluster has no pool ${pool}; check rbd_pool, or make the pool`,
    details: { pool },
    cause,
  });
}
