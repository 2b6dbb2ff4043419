/**
 * A process with the GlusterFS driver and another one, so that a call of its that hangs on a share hangs nobody else. It takes orders
 * from its standard input, one JSON document a line, and answers each with its number when it is done; several may be
 * under way.
 */
import { MIB, messageOf } from '@scoria/core';
import type { BlockDevice, LockName, Snapshot, Volume } from '@scoria/core';
import { patternBytes } from '@scoria/testkit';
import { createInterface } from 'node:readline';
import { LoopDelay } from '../../support/loop-delay.js';
import type { TroubledBackend } from './troubled-backend.js';
import { TroubledBackends } from './troubled-backends.js';

/** What is done, and with what; volumes and snapshots by the names that the test gives them. */
export type Order =
  | { readonly do: 'start'; readonly directory: string; readonly network: string; readonly shares: string[] }
  | { readonly do: 'stats' }
  | { readonly do: 'reset-delays' }
  /** For how long nothing was done at the most since then, in milliseconds; not counting stalls of the machine. */
  | { readonly do: 'longest-delay' }
  | { readonly do: 'run'; readonly command: string; readonly args: readonly string[] }
  /** Starts a program, under a lock, that does not end with this process; its number. */
  | { readonly do: 'run-that-stays'; readonly lock: LockName }
  | { readonly do: 'is-free'; readonly lock: LockName }
  | { readonly do: 'create'; readonly volume: string; readonly on?: 'local' }
  | { readonly do: 'delete'; readonly volume: string }
  /** Keeps a volume open to be read until it is closed. */
  | { readonly do: 'open' | 'close'; readonly volume: string }
  | { readonly do: 'clone'; readonly volume: string; readonly source: string }
  | { readonly do: 'write' | 'check'; readonly volume: string; readonly seed: number }
  | { readonly do: 'check-snapshot'; readonly snapshot: string; readonly seed: number }
  | { readonly do: 'snapshot'; readonly snapshot: string; readonly volume: string }
  | { readonly do: 'delete-snapshot'; readonly snapshot: string }
  /** Says 'paused' before the next step of which the description has this in it, and waits for 'go-on'. */
  | { readonly do: 'pause-at'; readonly step: string }
  | { readonly do: 'go-on' };

const volumes = new Map<string, Volume>();
const snapshots = new Map<string, Snapshot>();
const devices = new Map<string, BlockDevice>();
const delays = await LoopDelay.start();
let backends: TroubledBackends | undefined;

function known<T>(objects: ReadonlyMap<string, T>, name: string): T {
  const found = objects.get(name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
}

function running(): TroubledBackends {
  if (backends === undefined) throw new Error('it was not started');
  return backends;
}

/** The backend of a volume or snapshot. */
function homeOf(object: Volume | Snapshot): TroubledBackend {
  const { providerLocation = '' } = 'volume' in object ? object.volume : object;
  return providerLocation.startsWith('/') ? running().local : running().gluster;
}

/** Orders for the process itself; those for volumes go on. */
async function control(order: Order): Promise<unknown> {
  switch (order.do) {
    case 'start':
      backends = await TroubledBackends.start(order, say);
      return undefined;
    case 'stats':
      return running().gluster.pools();
    case 'reset-delays':
      return delays.reset();
    case 'longest-delay':
      return delays.excessMs();
    case 'run':
      return running().run(order.command, order.args);
    case 'run-that-stays':
      return running().runThatStays(order.lock);
    case 'is-free':
      return running().isFree(order.lock);
    case 'pause-at':
      running().gluster.pauseAt(order.step);
      return undefined;
    case 'go-on':
      running().gluster.goOn();
      return undefined;
    default:
      return obey(order);
  }
}

async function obey(order: Order): Promise<unknown> {
  switch (order.do) {
    case 'create': {
      const volume = await running()[order.on ?? 'gluster'].create();
      volumes.set(order.volume, volume);
      return volume.providerLocation;
    }
    case 'snapshot': {
      const volume = known(volumes, order.volume);
      snapshots.set(order.snapshot, await homeOf(volume).snapshot(volume));
      return undefined;
    }
    case 'check-snapshot': {
      const snapshot = known(snapshots, order.snapshot);
      return homeOf(snapshot).holds(snapshot, patternBytes(order.seed, MIB));
    }
    case 'delete-snapshot': {
      const snapshot = known(snapshots, order.snapshot);
      return homeOf(snapshot).deleteSnapshot(snapshot);
    }
    default:
      return useVolume(order);
  }
}

async function useVolume(order: Order): Promise<unknown> {
  switch (order.do) {
    case 'clone': {
      const source = known(volumes, order.source);
      volumes.set(order.volume, await homeOf(source).clone(source));
      return undefined;
    }
    case 'delete': {
      const volume = known(volumes, order.volume);
      return homeOf(volume).delete(volume);
    }
    case 'open': {
      const volume = known(volumes, order.volume);
      devices.set(order.volume, await homeOf(volume).open(volume));
      return undefined;
    }
    case 'close':
      return known(devices, order.volume).close();
    case 'write': {
      const volume = known(volumes, order.volume);
      return homeOf(volume).write(volume, patternBytes(order.seed, MIB));
    }
    case 'check': {
      const volume = known(volumes, order.volume);
      return homeOf(volume).holds(volume, patternBytes(order.seed, MIB));
    }
    default:
      throw new Error(`there is no order ${order.do}`);
  }
}

function say(document: object): void {
  process.stdout.write(`${JSON.stringify(document)}\n`);
}

async function answer(number: number, order: Order): Promise<void> {
  try {
    say({ number, result: await control(order) });
  } catch (error) {
    say({ number, failure: messageOf(error) });
  }
}

say({ event: 'ready' });
for await (const line of createInterface({ input: process.stdin })) {
  const { number, order } = JSON.parse(line) as { number: number; order: Order };
  // It never rejects; the next order may come before its end.
  answer(number, order).catch(() => undefined);
}
process.kill(process.pid, 'SIGKILL');
