import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memorySource } from './byte-source.js';
import { qemuName } from './image-format.js';
import type { ImageReport } from './image-report.js';
import { inspectFile } from './inspect-file.js';
import { inspectImage } from './inspect-image.js';
import { StreamInspector } from './stream-inspector.js';
import { vhdChecksum } from './vhd-footer.js';

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'real-images-'));
});

afterAll(() => {
  rmSync(directory, { recursive: true });
});

function qemuImg(...args: string[]): string {
  return execFileSync('qemu-img', args, { cwd: directory, encoding: 'utf8' });
}

/** Creates an image and returns its path. */
function create(name: string, format: string, size: string, ...options: string[]): string {
  qemuImg('create', '-q', '-f', format, ...options, name, size);
  return join(directory, name);
}

function inspectStream(bytes: Buffer, chunk: number): ImageReport {
  const inspector = new StreamInspector();
  for (let at = 0; at < bytes.length; at += chunk) {
    inspector.write(bytes.subarray(at, at + chunk));
  }
  return inspector.finish();
}

// No LUKS among them: qemu-img takes seconds of processor time to make one.
const IMAGES: [format: string, size: string, ...options: string[]][] = [
  ['raw', '4M'],
  ['qcow2', '0'],
  ['qcow2', '4M'],
  ['qcow2', '64T'],
  ['qcow2', '4M', '-o', 'compat=0.10'],
  ['qcow2', '1G', '-o', 'cluster_size=512'],
  ['qcow2', '1G', '-o', 'cluster_size=2M,extended_l2=on,compression_type=zstd,lazy_refcounts=on'],
  ['qcow2', '64M', '-o', 'preallocation=metadata,refcount_bits=64'],
  ['vmdk', '4M'],
  ['vmdk', '4M', '-o', 'subformat=streamOptimized'],
  ['vpc', '4M'],
  ['vpc', '4M', '-o', 'subformat=fixed'],
  ['vpc', '4M', '-o', 'force_size=on'],
  ['vpc', '2000G'],
  ['vhdx', '4M'],
  ['vhdx', '4M', '-o', 'subformat=fixed'],
  ['vhdx', '1T'],
  ['vdi', '4M'],
  ['vdi', '4M', '-o', 'static=on'],
];

const TIMEOUT_MS = 30_000;

describe('images made by qemu-img', () => {
  it.each(IMAGES)(
    '%s of %s %s %s are as qemu-img says, in a stream as well',
    async (format, size, ...options) => {
      const path = create('image', format, size, ...options);
      const report = await inspectFile(path);
      const info = JSON.parse(qemuImg('info', '--output=json', '-f', format, 'image')) as Record<
        string,
        unknown
      >;
      expect(report).toMatchObject({ findings: [], content: [], virtualSize: info['virtual-size'] });
      expect(report.formats.map(qemuName)).toEqual([format]);
      if (size === '4M') {
        expect(inspectStream(readFileSync(path), 10_000)).toEqual(report);
      }
    },
    TIMEOUT_MS,
  );

  it(
    'keep their internal snapshots',
    async () => {
      const path = create('image', 'qcow2', '4M');
      qemuImg('snapshot', '-c', 'one', 'image');
      expect(await inspectFile(path)).toMatchObject({ findings: [], details: { snapshotCount: 1 } });
    },
    TIMEOUT_MS,
  );

  it.each([
    ['qcow2', ['-b', 'base', '-F', 'raw'], ['backing-file'], '"base"'],
    ['qcow2', ['-b', '/dev/null', '-F', 'raw', '-u'], ['backing-file', 'unsafe-reference'], '"/dev/null"'],
    [
      'qcow2',
      ['-b', 'json:{"driver":"null-co"}', '-F', 'raw', '-u'],
      ['backing-file', 'unsafe-reference'],
      'null-co',
    ],
    ['qcow2', ['-o', 'data_file=data'], ['data-file'], '"data"'],
    ['qcow', [], ['unknown-version'], 'version 1'],
    ['qed', [], ['unsafe-format'], 'QED'],
    ['parallels', [], ['unsafe-format'], 'parallels'],
    [
      'vmdk',
      ['-o', 'subformat=monolithicFlat'],
      ['unsupported-subformat', 'unsupported-subformat', 'external-extent'],
      'image-flat.vmdk',
    ],
  ])(
    'of %s with %s are unsafe',
    async (format, options, codes, detail) => {
      create('base', 'raw', '4M');
      const name = format === 'vmdk' ? 'image.vmdk' : 'image';
      const report = await inspectFile(create(name, format, '4M', ...options));
      expect(report.findings.map(({ code }) => code)).toEqual(codes);
      expect(report.findings.map(({ detail: text }) => text).join()).toContain(detail);
    },
    TIMEOUT_MS,
  );

  it(
    'of a VMDK with a parent are unsafe',
    async () => {
      create('base.vmdk', 'vmdk', '4M');
      qemuImg('create', '-q', '-f', 'vmdk', '-b', 'base.vmdk', '-F', 'vmdk', 'image');
      const report = await inspectFile(join(directory, 'image'));
      expect(report.findings.map(({ detail }) => detail)[0]).toBe('parentFileNameHint "base.vmdk"');
    },
    TIMEOUT_MS,
  );
});

const originals = new Map<string, Buffer>();

function original(format: string): Buffer {
  const bytes = originals.get(format) ?? readFileSync(create('image', format, '4M'));
  originals.set(format, bytes);
  return bytes;
}

/** Changes a copy of an image, and tells what is then found. */
async function edited(format: string, edit: (bytes: Buffer) => void): Promise<string[]> {
  const bytes = Buffer.from(original(format));
  edit(bytes);
  const { findings } = await inspectImage(memorySource(bytes));
  return findings.map(({ code }) => code);
}

/** Where an item of a VHDX's metadata stands, by the first four bytes of its GUID. */
function vhdxItem(bytes: Buffer, guid: number): { entry: number; item: number } {
  const metadata = bytes.indexOf('metadata');
  const start = Buffer.alloc(4);
  start.writeUInt32LE(guid);
  const entry = bytes.indexOf(start, metadata);
  return { entry, item: metadata + bytes.readUInt32LE(entry + 16) };
}

/** Changes a VHD structure and puts its checksum right again. */
function vhdEdit(at: number, length: number, checksumAt: number, edit: (part: Buffer) => void) {
  return (bytes: Buffer): void => {
    const part = bytes.subarray(at, at + length);
    edit(part);
    part.writeUInt32BE(vhdChecksum(part, checksumAt), checksumAt);
  };
}

describe('images edited by a hostile hand', () => {
  it.each([
    ['image type 4', (bytes: Buffer) => bytes.writeUInt32LE(4, 0x4c), ['unsupported-subformat']],
    ['a link', (bytes: Buffer) => bytes.fill(7, 0x1a8, 0x1b8), ['backing-file']],
    ['a parent', (bytes: Buffer) => bytes.fill(7, 0x1b8, 0x1c8), ['backing-file']],
    ['version 2', (bytes: Buffer) => bytes.writeUInt32LE(0x20000, 0x44), ['unknown-version']],
    [
      'many blocks',
      (bytes: Buffer) => bytes.writeUInt32LE(0x40000000, 0x180),
      ['field-out-of-bounds', 'truncated'],
    ],
    ['a large disk', (bytes: Buffer) => bytes.fill(0xff, 0x170, 0x178), ['field-out-of-bounds']],
  ])(
    'VDI with %s',
    async (_name, edit, codes) => {
      expect(await edited('vdi', (bytes) => void edit(bytes))).toEqual(codes);
    },
    TIMEOUT_MS,
  );

  it.each([
    [
      'a parent flag',
      (bytes: Buffer) => bytes.writeUInt32LE(2, vhdxItem(bytes, 0xcaa16737).item + 4),
      ['backing-file'],
    ],
    [
      'a parent locator',
      (bytes: Buffer) =>
        Buffer.from('2d5fd3a80bb34d45abf7d3d84834ab0c', 'hex').copy(bytes, vhdxItem(bytes, 0xcda348c7).entry),
      ['backing-file'],
    ],
    [
      'an unknown required item',
      (bytes: Buffer) => bytes.writeUInt32LE(1, vhdxItem(bytes, 0xcda348c7).entry),
      ['unknown-features'],
    ],
    [
      'a size that is nowhere',
      (bytes: Buffer) => bytes.writeUInt32LE(0xffffff00, vhdxItem(bytes, 0x2fa54224).entry + 16),
      ['field-out-of-bounds'],
    ],
    ['a damaged header', (bytes: Buffer) => bytes.fill(1, 65_536, 139_264), ['corrupt']],
    [
      'many regions',
      (bytes: Buffer) => bytes.writeUInt32LE(2000, 192 * 1024 + 8),
      ['field-out-of-bounds', 'ambiguous-header'],
    ],
  ])(
    'VHDX with %s',
    async (_name, edit, codes) => {
      const found = await edited('vhdx', (bytes) => void edit(bytes));
      expect([...new Set(found)]).toEqual(codes);
    },
    TIMEOUT_MS,
  );

  it.each([
    ['a damaged copy', (bytes: Buffer) => void bytes.fill(1, 100, 101), ['bad-checksum']],
    [
      'another size in one copy',
      vhdEdit(0, 512, 64, (footer) => footer.writeUInt16BE(1, 56)),
      ['ambiguous-header'],
    ],
    ['a parent', vhdEdit(512, 1024, 36, (header) => header.write('\0b\0a\0s\0e', 64)), ['backing-file']],
    [
      'blocks of 513 bytes',
      vhdEdit(512, 1024, 36, (header) => header.writeUInt32BE(513, 32)),
      ['field-out-of-bounds', 'field-out-of-bounds'],
    ],
    [
      'a table beyond the end',
      vhdEdit(512, 1024, 36, (header) => header.writeUInt32BE(1, 16)),
      ['truncated'],
    ],
    [
      'type 4 at the start',
      vhdEdit(0, 512, 64, (footer) => footer.writeUInt32BE(4, 60)),
      ['backing-file', 'ambiguous-header'],
    ],
  ])(
    'VHD with %s',
    async (_name, edit, codes) => {
      expect(await edited('vpc', edit)).toEqual(codes);
    },
    TIMEOUT_MS,
  );
});
