import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Runs one of qemu's tools as a person would; `accept` has the exit statuses that are no failure. */
export async function tool(name: string, args: readonly string[], accept = [0]): Promise<string> {
  try {
    const { stdout } = await execute(name, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
    return stdout;
  } catch (error) {
    const { code, stdout } = error as { code?: unknown; stdout?: unknown };
    if (typeof code === 'number' && accept.includes(code) && typeof stdout === 'string') return stdout;
    throw error;
  }
}

/** The backing file that a qcow2 header names, read by the layout in QEMU's documentation. */
export function backingFileOf(qcow2: Buffer): string | undefined {
  const offset = Number(qcow2.readBigUInt64BE(8));
  const length = qcow2.readUInt32BE(16);
  return offset === 0 ? undefined : qcow2.toString('utf8', offset, offset + length);
}

const BACKING_FORMAT = Buffer.from('e2792aca', 'hex');

/** Makes a qcow2 header say nothing of its backing file's format, as old programs left it. */
export function withoutBackingFormat(qcow2: Buffer): Buffer {
  const at = qcow2.subarray(0, 4096).indexOf(BACKING_FORMAT);
  if (at === -1) throw new Error('the header has no backing format');
  const silent = Buffer.from(qcow2);
  // 0 ends the list of extensions.
  silent.writeUInt32BE(0, at);
  return silent;
}
