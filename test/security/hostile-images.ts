import { KIB, MIB } from '@scoria/core';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import {
  withBackingName,
  withDataFile,
  withDiscMarks,
  withIncompatibleBit,
  withPartitionTable,
  withUInt32,
  withVirtualSize,
} from './image-bytes.js';

const run = promisify(execFile);

/** The size of the volumes that are attacked, and of the disks that hostile images say they have. */
export const VOLUME_BYTES = MIB;

/** A hostile file's bytes. */
export interface HostileImage {
  readonly name: string;
  readonly bytes: Buffer;
  /** What it begins like. */
  readonly looksLike: 'qcow2' | 'vmdk' | 'qed';
  /** The only thing wrong with it is its size. */
  readonly tooLarge?: boolean;
}

const FLAT = (canary: string): string =>
  [
    '# Disk DescriptorFile',
    'version=1',
    'CID=12345678',
    'parentCID=ffffffff',
    'createType="monolithicFlat"',
    `RW ${VOLUME_BYTES / 512} FLAT "${canary}" 0`,
    'ddb.virtualHWVersion = "4"',
    'ddb.geometry.cylinders = "2"',
    'ddb.geometry.heads = "16"',
    'ddb.geometry.sectors = "63"',
    'ddb.adapterType = "ide"',
    '',
  ].join('\n');

/** Every hostile image of the catalogue, aimed at `canary`. */
export async function makeHostileImages(canary: string, workDirectory: string): Promise<HostileImage[]> {
  const directory = await mkdtemp(path.join(workDirectory, 'images-'));
  const make = async (...args: string[]): Promise<Buffer> => {
    const file = path.join(directory, 'image');
    await run('qemu-img', ['create', '-q', ...args.slice(0, -1), file, args.at(-1)!]);
    const bytes = await readFile(file);
    await rm(file);
    return bytes;
  };
  try {
    const size = String(VOLUME_BYTES);
    const plain = await make('-f', 'qcow2', size);
    const old = await make('-f', 'qcow2', '-o', 'compat=0.10', size);
    const onCanary = await make('-f', 'qcow2', '-b', canary, '-F', 'raw', size);
    const vmdk = await make('-f', 'vmdk', size);
    return [
      ...references(canary, { plain, old, onCanary }),
      ...headers(plain),
      qcow2('a size of 1 TiB', await make('-f', 'qcow2', '1T'), true),
      qcow2('a clean image around a hostile one', await nested(onCanary, directory)),
      { name: 'a flat VMDK descriptor', bytes: Buffer.from(FLAT(canary)), looksLike: 'vmdk' },
      {
        name: 'a flat VMDK descriptor, padded with NUL bytes',
        bytes: Buffer.concat([Buffer.from(FLAT(canary)), Buffer.alloc(64 * KIB)]),
        looksLike: 'vmdk',
      },
      { name: 'a VMDK with a parent', bytes: withParent(vmdk, canary), looksLike: 'vmdk' },
      { name: 'a VMDK', bytes: vmdk, looksLike: 'vmdk' },
      { name: 'a QED', bytes: await make('-f', 'qed', '-b', canary, '-F', 'raw', size), looksLike: 'qed' },
    ];
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** Not hostile as qcow2, but what it holds is. */
export function isNested({ name }: HostileImage): boolean {
  return name.startsWith('a clean image');
}

function qcow2(name: string, bytes: Buffer, tooLarge = false): HostileImage {
  return { name, bytes, looksLike: 'qcow2', tooLarge };
}

function references(canary: string, { plain, old, onCanary }: Record<'plain' | 'old' | 'onCanary', Buffer>) {
  const json = JSON.stringify({ driver: 'raw', file: { driver: 'file', filename: canary } });
  return [
    qcow2('a backing file', onCanary),
    qcow2('a backing file by a relative path', withBackingName(plain, '../canary')),
    qcow2('a json: backing file', withBackingName(plain, `json:${json}`)),
    qcow2('an nbd: backing file', withBackingName(plain, 'nbd://127.0.0.1:10809/x')),
    qcow2('a file: backing file', withBackingName(old, `file:${canary}`)),
    qcow2('a data file', withDataFile(plain, canary)),
    qcow2('a json: data file', withDataFile(plain, `json:${json}`)),
    qcow2('a disc around a backing file', withDiscMarks(onCanary)),
    qcow2('a partition table around a backing file', withPartitionTable(withBackingName(old, canary))),
  ];
}

function headers(plain: Buffer): HostileImage[] {
  return [
    qcow2('an unknown feature bit', withIncompatibleBit(plain, 63)),
    qcow2('an unknown version', withUInt32(plain, 4, 9)),
    qcow2('encryption', withUInt32(plain, 32, 2)),
    qcow2('clusters of 2 GiB', withUInt32(plain, 20, 31)),
    qcow2('an L1 table of 32 GiB', withUInt32(plain, 36, 0xffffffff)),
    qcow2('a refcount table of 4 G clusters', withUInt32(plain, 56, 0xffffffff)),
    qcow2('4 G internal snapshots', withUInt32(plain, 60, 0xffffffff)),
    qcow2('a size beyond all numbers', withVirtualSize(plain, 2 ** 62)),
  ];
}

async function nested(hostile: Buffer, directory: string): Promise<Buffer> {
  const [inner, outer] = [path.join(directory, 'inner'), path.join(directory, 'outer')];
  await writeFile(inner, Buffer.concat([hostile, Buffer.alloc(VOLUME_BYTES - hostile.length)]));
  await run('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', inner, outer]);
  return readFile(outer);
}

/** As `qemu-img create -f vmdk -b` writes it, for a parent that is no VMDK. */
function withParent(vmdk: Buffer, canary: string): Buffer {
  const sector = 512;
  const length = 20 * sector;
  const text = vmdk.toString('latin1', sector, sector + length).replace(/\0+$/, '');
  const next = text
    .replace(/parentCID=ffffffff/, 'parentCID=00000001')
    .replace(/(createType=.*\n)/, `$1parentFileNameHint="${canary}"\n`);
  const copy = Buffer.from(vmdk);
  copy.fill(0, sector, sector + length);
  copy.write(next, sector, 'latin1');
  return copy;
}
