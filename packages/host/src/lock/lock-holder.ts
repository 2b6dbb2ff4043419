import { readFile, stat } from 'node:fs/promises';

/** A line of /proc/locks: `1: FLOCK  ADVISORY  WRITE 4711 fe:01:131090 0 EOF`. */
const FLOCK_LINE = /^\d+: FLOCK\s+\S+\s+\S+\s+(\d+) ([0-9a-f]+):([0-9a-f]+):(\d+) /;

/**
 * Who holds a lock file, for a message, as far as this host's kernel knows.
 * @returns for example `process 4711 (scoria)`
 */
export async function describeHolder(path: string): Promise<string | undefined> {
  try {
    const pid = await holderOf(path);
    if (pid === undefined) return undefined;
    return pid === process.pid ? 'this process' : `process ${pid} (${await nameOf(pid)})`;
  } catch {
    return undefined;
  }
}

async function holderOf(path: string): Promise<number | undefined> {
  const [{ dev, ino }, locks] = await Promise.all([
    stat(path, { bigint: true }),
    readFile('/proc/locks', 'utf8'),
  ]);
  for (const line of locks.split('\n')) {
    const [, pid, major, minor, inode] = FLOCK_LINE.exec(line) ?? [];
    if (pid === undefined || inode !== String(ino)) continue;
    if (deviceNumber(BigInt(`0x${major ?? ''}`), BigInt(`0x${minor ?? ''}`)) === dev) return Number(pid);
  }
  return undefined;
}

/** makedev(3). */
function deviceNumber(major: bigint, minor: bigint): bigint {
  return ((major & ~0xfffn) << 32n) | ((major & 0xfffn) << 8n) | ((minor & ~0xffn) << 12n) | (minor & 0xffn);
}

/** A holder that is gone has left the lock to a program it had started. */
async function nameOf(pid: number): Promise<string> {
  try {
    return (await readFile(`/proc/${pid}/comm`, 'utf8')).trim();
  } catch {
    return 'gone; a program it started still runs';
  }
}
