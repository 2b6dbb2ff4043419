import type { MonitorAddress, PoolUsage } from '../model/client.js';

interface MonitorMap {
  readonly mons: readonly {
    readonly public_addrs: { readonly addrvec: readonly { readonly type: string; readonly addr: string }[] };
  }[];
}

/** Those of `mon dump`. */
export function monitorAddresses(answer: unknown): MonitorAddress[] {
  return (answer as MonitorMap).mons.flatMap(({ public_addrs: { addrvec } }) =>
    addrvec.map(({ type, addr }) => ({ ...hostAndPort(addr), protocol: type === 'v2' ? 'v2' : 'v1' })),
  );
}

/** `127.0.0.1:6789` or `[::1]:6789`. */
function hostAndPort(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  return { host, port: Number(address.slice(colon + 1)) };
}

interface Usage {
  readonly pools: readonly {
    readonly name: string;
    readonly stats: { readonly stored: number; readonly max_avail: number; readonly quota_bytes: number };
  }[];
}

/** What `df detail` says of a pool; undefined where it does not name it. */
export function poolUsageOf(answer: unknown, pool: string): PoolUsage | undefined {
  const found = (answer as Usage).pools.find(({ name }) => name === pool);
  if (found === undefined) return undefined;
  const { stored, max_avail: available, quota_bytes: quota } = found.stats;
  return { storedBytes: stored, availableBytes: available, quotaBytes: quota > 0 ? quota : undefined };
}
