import { DriverError, messageOf } from '@scoria/core';
import { open } from 'node:fs/promises';
import { normalSource } from './source-name.js';

/** One mounted file system. */
export interface MountEntry {
  /** The directory it is mounted on. */
  readonly directory: string;
  /** As the kernel calls it: 'nfs4', 'fuse.glusterfs'. */
  readonly type: string;
  /** 'host:/volume', a device, or whatever the file system says. */
  readonly source: string;
}

/** What must be mounted; what is left out may be anything. */
export interface ExpectedMount {
  /** A type as mount(8) takes it: 'nfs' is also true of 'nfs4', 'glusterfs' of 'fuse.glusterfs'. */
  readonly type?: string;
  readonly source?: string;
}

/** What is mounted on this host, as seen by this process. Looks at no mounted file system, so it never hangs. */
export interface MountTable {
  /**
   * What is mounted on `directory` (absolute, without links), the topmost where there are several; `undefined` if
   * nothing is.
   * @throws DriverError `failed` if the table cannot be read
   */
  find(directory: string): Promise<MountEntry | undefined>;
  /** True if something is mounted on `directory` and it is what is expected. @throws as `find` */
  isMounted(directory: string, expected?: ExpectedMount): Promise<boolean>;
}
export const MountTable = Symbol.for('scoria.remotefs.MountTable');

const MAX_BYTES = 64 * 1024 * 1024;

/** The mount table of the Linux kernel. */
export class ProcMountTable implements MountTable {
  constructor(private readonly file = '/proc/self/mountinfo') {}

  async find(directory: string): Promise<MountEntry | undefined> {
    return parseMountInfo(await this.#read()).findLast((entry) => entry.directory === directory);
  }

  async isMounted(directory: string, expected: ExpectedMount = {}): Promise<boolean> {
    const entry = await this.find(directory);
    return entry !== undefined && matchesMount(entry, expected);
  }

  async #read(): Promise<string> {
    try {
      return await readAll(this.file);
    } catch (error) {
      throw new DriverError({
        code: 'failed',
        message: `the mount table ${this.file} cannot be read: ${messageOf(error)}`,
        details: { file: this.file },
        cause: error,
      });
    }
  }
}

/** True if `entry` is what is expected, whatever way its source is spelt. */
export function matchesMount(entry: MountEntry, { type, source }: ExpectedMount): boolean {
  const types =
    type === undefined ? [entry.type] : [type, `fuse.${type}`, ...(type === 'nfs' ? ['nfs4'] : [])];
  if (!types.includes(entry.type)) return false;
  return source === undefined || normalSource(entry.source) === normalSource(source);
}

/** The entries of mountinfo(5), in the order they were mounted; a line of another shape is left out. */
export function parseMountInfo(text: string): MountEntry[] {
  return text.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ', 2);
    const directory = before.split(' ')[4];
    const [type, source] = after.split(' ');
    if (directory === undefined || type === undefined || source === undefined) return [];
    return [{ directory: decode(directory), type: decode(type), source: decode(source) }];
  });
}

/** The kernel writes spaces, tabs, newlines and backslashes as three octal digits each. */
function decode(field: string): string {
  return field.replace(/\\([0-3][0-7]{2})/g, (_all, digits: string) =>
    String.fromCharCode(parseInt(digits, 8)),
  );
}

async function readAll(file: string): Promise<string> {
  await using handle = await open(file, 'r');
  const chunks: Buffer[] = [];
  let length = 0;
  for (;;) {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(1024 * 1024));
    if (bytesRead === 0) return Buffer.concat(chunks).toString('utf8');
    length += bytesRead;
    if (length > MAX_BYTES) throw new Error(`it is larger than ${String(MAX_BYTES)} bytes`);
    chunks.push(buffer.subarray(0, bytesRead));
  }
}
