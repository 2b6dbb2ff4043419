import { systemCode } from '@scoria/host';
import { open, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { backingFileOf, tool } from '../../crash/qemu-tools.js';

/** Where a header has all that is looked for. */
const HEADER_BYTES = 65_536;

/** What a chain record says. */
export interface ChainRecord {
  readonly active: string;
  /** The file of each snapshot, by its id. */
  readonly snapshots: Readonly<Record<string, string>>;
}

/** The chain record of a volume, read without the code under test. */
export async function chainRecord(directory: string, volumeId: string): Promise<ChainRecord> {
  const first = `volume-${volumeId}`;
  const text = await textOf(path.join(directory, `${first}.info`));
  const { active = first, ...snapshots } = JSON.parse(text ?? '{}') as Record<string, string>;
  return { active, snapshots };
}

export async function hasSnapshot(directory: string, volumeId: string, id: string): Promise<boolean> {
  return Object.hasOwn((await chainRecord(directory, volumeId)).snapshots, id);
}

/** The volume's files from the active one down, by what their headers name. */
export async function chainOf(directory: string, volumeId: string): Promise<string[]> {
  const files: string[] = [];
  let next: string | undefined = (await chainRecord(directory, volumeId)).active;
  while (next !== undefined && !files.includes(next)) {
    files.push(next);
    next = next === `volume-${volumeId}` ? undefined : await backingIn(path.join(directory, next));
  }
  return files;
}

/**
 * Whether the record, the headers and the files agree, and nothing else is on the share, hidden or not.
 * @param ids the snapshots that there are
 * @throws Error
 */
export async function requireWhole(
  directory: string,
  volumeId: string,
  ids: readonly string[],
): Promise<void> {
  const { snapshots } = await chainRecord(directory, volumeId);
  const chain = await chainOf(directory, volumeId);
  requireSame(Object.keys(snapshots), ids, 'the record has other snapshots');
  // With each snapshot there is a file more, its own above the one with its data.
  requireSame(Object.values(snapshots), chain.slice(0, -1), 'the record and the headers differ');
  const info = `volume-${volumeId}.info`;
  const files = await filesOn(directory);
  const wanted = files.includes(info) ? [...chain, info] : chain;
  requireSame(files, wanted, 'other files are on the share than those of the chain');
}

/** @throws Error where qemu-img finds a file of the chain damaged; nobody has it open */
export async function requireSound(directory: string, volumeId: string): Promise<void> {
  for (const file of await chainOf(directory, volumeId)) {
    if (file === `volume-${volumeId}`) continue;
    const args = ['check', '-f', 'qcow2', '--output=json', path.join(directory, file)];
    const found = JSON.parse(await tool('qemu-img', args, [0, 2, 3])) as { corruptions?: number };
    if ((found.corruptions ?? 0) > 0) throw new Error(`${file} has ${found.corruptions ?? 0} corruptions`);
  }
}

/** The files on a share, journals and temporary ones too; not those of locks, which stay on a share of many hosts. */
export async function filesOn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && path.basename(entry.parentPath) !== 'locks')
    .map(({ name }) => name);
}

async function backingIn(file: string): Promise<string | undefined> {
  await using handle = await open(file, 'r');
  const header = Buffer.alloc(HEADER_BYTES);
  await handle.read(header, 0, HEADER_BYTES, 0);
  return backingFileOf(header);
}

async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function requireSame(found: readonly string[], wanted: readonly string[], what: string): void {
  const [is, should] = [found, wanted].map((names) => [...names].sort().join(', ')) as [string, string];
  if (is !== should) throw new Error(`${what}: ${is || 'none'} instead of ${should || 'none'}`);
}
