import type { ConnectOptions, RbdClient } from '../model/client.js';
import { checkName, checkText } from './arguments.js';
import { Attempt } from './attempt.js';
import { type CallSubject, ENOENT, nativeError, rbdError } from './errno.js';
import { NativeCalls } from './native-calls.js';
import { NativeCluster } from './native-cluster.js';
import { Words } from './words.js';

const FSID_BYTES = 37;

/** Reaches Ceph clusters through librados and librbd, in this process. */
export class NativeRbdClient implements RbdClient {
  /** @throws RbdError besides what {@link RbdClient.connect} says, `invalid` where an option cannot be right */
  async connect(options: ConnectOptions): Promise<NativeCluster> {
    const subject = { operation: 'connect', object: `cluster ${options.clusterName ?? 'ceph'}` };
    checkOptions(options, subject);
    const calls = this.newCalls();
    const attempt = new Attempt();
    const connecting = connect(calls, attempt, options, subject);
    // Beyond what librados waits for the cluster: its own error says more.
    const patience = { limitMs: options.timeoutMs + 500, signal: options.signal };
    return attempt.wait(connecting, patience, subject, async (late) => late.close());
  }

  /** How one connection calls the library. */
  protected newCalls(): NativeCalls {
    return new NativeCalls();
  }
}

function checkOptions(
  { clusterName, user, confFile, settings, timeoutMs }: ConnectOptions,
  subject: CallSubject,
): void {
  if (clusterName !== undefined) checkName(clusterName, 'the name of the cluster', subject);
  if (user !== undefined) checkName(user, 'the user', subject);
  if (confFile !== undefined) checkName(confFile, 'the configuration file', subject);
  for (const [name, value] of Object.entries(settings ?? {})) {
    checkName(name, 'the name of a setting', subject);
    checkText(value, `the setting ${name}`, subject);
  }
  if (typeof timeoutMs === 'number' && timeoutMs > 0 && timeoutMs <= MAX_LIMIT_MS) return;
  const text = `the time limit has to be from 1 to ${String(MAX_LIMIT_MS)} ms, not ${String(timeoutMs)}`;
  throw rbdError('invalid', subject, text);
}

/** What a timer can wait, and a day more than a caller does. */
const MAX_LIMIT_MS = 2 ** 31 - 1001;

async function connect(
  calls: NativeCalls,
  attempt: Attempt,
  options: ConnectOptions,
  subject: CallSubject,
): Promise<NativeCluster> {
  const rados = create(calls, options, subject);
  try {
    configure(calls, rados, options, subject);
    await reach(calls, attempt, rados, options, subject);
    const fsid = Buffer.alloc(FSID_BYTES);
    await calls.check({ attempt, subject }, 'rados_cluster_fsid', rados, fsid, fsid.length);
    return new NativeCluster(rados, fsid.toString('latin1', 0, FSID_BYTES - 1), options, calls);
  } catch (error) {
    await calls.library.call('rados_shutdown', rados);
    throw error;
  }
}

function create(calls: NativeCalls, options: ConnectOptions, subject: CallSubject): bigint {
  const made = new Words(1);
  const { clusterName = 'ceph', user = 'admin' } = options;
  const result = calls.library.callNow('rados_create2', made.memory, clusterName, `client.${user}`, 0);
  if (result < 0) throw nativeError(result, { ...subject, operation: 'rados_create2' });
  return made.at(0);
}

/** Reads the file, and sets what is set by the caller on top. */
function configure(calls: NativeCalls, rados: bigint, options: ConnectOptions, subject: CallSubject): void {
  const { confFile = null } = options;
  const read = calls.library.callNow('rados_conf_read_file', rados, confFile);
  if (read < 0 && !(confFile === null && read === -ENOENT)) {
    const file = confFile ?? 'the configuration file';
    const text = `cannot read ${file}: it has to be there, readable, and of the form of a ceph.conf`;
    throw rbdError('invalid', subject, text, { errno: -read });
  }
  for (const [name, value] of Object.entries({ ...limits(options.timeoutMs), ...options.settings })) {
    const result = calls.library.callNow('rados_conf_set', rados, name, value);
    if (result >= 0) continue;
    throw rbdError('invalid', subject, `there is no setting ${name}, or it cannot be '${value}'`, {
      errno: -result,
    });
  }
}

/** librados counts in seconds, and waits for ever unless told. */
function limits(timeoutMs: number): Record<string, string> {
  const seconds = String(Math.max(1, Math.floor(timeoutMs / 1000)));
  return {
    client_mount_timeout: seconds,
    rados_mon_op_timeout: seconds,
    rados_osd_op_timeout: seconds,
  };
}

async function reach(
  calls: NativeCalls,
  attempt: Attempt,
  rados: bigint,
  { user = 'admin' }: ConnectOptions,
  subject: CallSubject,
): Promise<void> {
  const connecting = { ...subject, operation: 'rados_connect' };
  const result = await calls.run({ attempt, subject: connecting }, 'rados_connect', rados);
  if (result === -ENOENT) {
    const text = `no keyring, or no key in it, for client.${user}, or no monitor in the configuration`;
    throw nativeError(result, connecting, text);
  }
  if (result < 0) throw nativeError(result, connecting);
}
