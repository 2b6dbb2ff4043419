/**
 * A process with the GlusterFS driver, so that a call of its that hangs on a share hangs nobody else. It takes orders
 * from its standard input, one JSON document a line, and answers each with its number when it is done; several may be
 * under way.
 */
import { MIB, messageOf } from '@scoria/core';
import type { Snapshot, Volume } from '@scoria/core';
import { patternBytes } from '@scoria/testkit';
import { createInterface } from 'node:readline';
import { TroubledBackend } from './troubled-backend.js';

/** What is done, and with what; volumes and snapshots by the names that the test gives them. */
export type Order =
  | { readonly do: 'start'; readonly directory: string; readonly network: string; readonly shares: string[] }
  | { readonly do: 'stats' }
  | { readonly do: 'create' | 'delete'; readonly volume: string }
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
let backend: TroubledBackend | undefined;

function known<T>(objects: ReadonlyMap<string, T>, name: string): T {
  const found = objects.get(name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
}

function running(): TroubledBackend {
  if (backend === undefined) throw new Error('it was not started');
  return backend;
}

/** Orders for the process itself; those for volumes go on. */
async function control(order: Order): Promise<unknown> {
  switch (order.do) {
    case 'start':
      backend = await TroubledBackend.start(order, say);
      return undefined;
    case 'stats':
      return running().pools();
    case 'pause-at':
      running().pauseAt(order.step);
      return undefined;
    case 'go-on':
      running().goOn();
      return undefined;
    default:
      return obey(order);
  }
}

async function obey(order: Order): Promise<unknown> {
  switch (order.do) {
    case 'create': {
      const volume = await running().create();
      volumes.set(order.volume, volume);
      return volume.providerLocation;
    }
    case 'clone':
      volumes.set(order.volume, await running().clone(known(volumes, order.source)));
      return undefined;
    case 'delete':
      return running().driver.deleteVolume(running().context(), known(volumes, order.volume));
    case 'write':
      return running().write(known(volumes, order.volume), patternBytes(order.seed, MIB));
    case 'check':
      return running().holds(known(volumes, order.volume), patternBytes(order.seed, MIB));
    case 'check-snapshot':
      return running().holds(known(snapshots, order.snapshot), patternBytes(order.seed, MIB));
    case 'snapshot':
      snapshots.set(order.snapshot, await running().snapshot(known(volumes, order.volume)));
      return undefined;
    case 'delete-snapshot':
      return running().driver.deleteSnapshot(running().context(), known(snapshots, order.snapshot));
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
