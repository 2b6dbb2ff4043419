import { Clock, DriverError, DriverOptions, messageOf } from '@scoria/core';
import type { OperationContext } from '@scoria/core';
import { isRbdError, NativeRbdClient, RbdClient, RbdError } from '@scoria/librbd';
import type { RbdCluster } from '@scoria/librbd';
import { inject, injectable, optional } from 'inversify';
import type { RbdOptions } from '../options.js';
import { timeoutMsOf } from '../options.js';
import { UserWork } from '../background/user-work.js';
import { asDriverError } from './rbd-errors.js';
import type { Connected } from './used-connection.js';
import { UsedConnection } from './used-connection.js';

export type { Connected };

/** How many requests of a remove or a rollback are under way at once; librbd's own 10 is slow. */
const MANAGEMENT_REQUESTS = '20';

/** Where as many were given up and still wait for answers, it is the cluster that gives none. */
const MOST_OLD = 3;
/** But one of this age is given up in any case: what keeps the old ones may be no more than a device that is open. */
const GIVEN_UP_MS = 600_000;

/**
 * The one connection of a backend. It is kept, because making one takes longer than most operations, and made again by
 * the next call after it was lost. Where a call has timed out, that may be one image's own trouble, or the connection may
 * stand still for good: the next call makes a new one, and what goes by the old one goes on. Goes through librados and
 * librbd, unless another client is bound.
 */
@injectable()
export class RbdConnection {
  #current: UsedConnection | undefined;
  /** Those that were given up, and are still used. */
  readonly #old = new Set<UsedConnection>();
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
   * Does something with the cluster. What it raises comes out as a DriverError; where the connection was lost, or does not
   * answer, the next call makes a new one. Images that `body` leaves open can be used until they are closed.
   * @param operation for messages: 'delete volume ...'
   */
  async useInBackground<T>(operation: string, body: (connected: Connected) => Promise<T>): Promise<T> {
    let used: UsedConnection | undefined;
    try {
      if (this.#isClosed) throw ended();
      used = this.#current ??= new UsedConnection(this.#open(), this.clock.now());
      return await used.use(body);
    } catch (error) {
      this.#leave(used, error);
      const isNotAllowed = isRbdError(error, 'permission') && isOfPool(error, this.options);
      throw asDriverError(isNotAllowed ? notAllowed(this.options, error) : error, operation);
    }
  }

  /** Ends the connection, and those before it; calls under way end first. Idempotent, and for good. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const all = [this.#current, ...this.#old];
    this.#current = undefined;
    await Promise.all(all.map(async (connection) => connection?.close()));
  }

  /** The next call makes a new one, where this one is not to be used again after the error. */
  #leave(used: UsedConnection | undefined, error: unknown): void {
    if (used === undefined) return;
    if (this.#current === used && this.#isToLeave(used, error)) {
      this.#current = undefined;
      this.#old.add(used);
      used
        .closeWhenUnused()
        .finally(() => this.#old.delete(used))
        .catch(() => undefined);
    }
    // Nothing goes on by it.
    if (isRbdError(error, 'disconnected')) used.close().catch(() => undefined);
  }

  #isToLeave(used: UsedConnection, error: unknown): boolean {
    if (used.isBroken || isRbdError(error, 'disconnected', 'closed')) return true;
    const ageMs = this.clock.now() - used.madeAt;
    if (isRbdError(error, 'timed-out')) return this.#old.size < MOST_OLD || ageMs >= GIVEN_UP_MS;
    // A connection keeps the rights that its user had when it was made: those that were given since come with another.
    const isOld = ageMs >= this.options.rados_connection_interval * 1000;
    return isOld && isRbdError(error, 'permission') && isOfPool(error, this.options);
  }

  async #open(): Promise<Connected> {
    return this.#openPool(await this.#connect());
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
