import { memorySource } from './byte-source.js';
import type { ImageFindingCode } from './image-finding.js';
import { ImageInspectionError } from './image-inspection-error.js';
import { inspectImage } from './inspect-image.js';
import { readQcow2Header } from './read-qcow2-header.js';
import { sampleQcow2, type Qcow2SampleOptions } from './sample-images.js';

const BACKING_FORMAT = 0xe2792aca;
const DATA_FILE = 0x44415441;

interface Case {
  readonly name: string;
  readonly options?: Qcow2SampleOptions;
  readonly edit?: (image: Buffer) => void;
  readonly codes: readonly ImageFindingCode[];
  /** Part of the details, joined. */
  readonly detail?: string;
}

const u32 = (offset: number, value: number) => (image: Buffer) => void image.writeUInt32BE(value, offset);
const u64 = (offset: number, value: bigint) => (image: Buffer) => void image.writeBigUInt64BE(value, offset);

const CASES: readonly Case[] = [
  { name: 'a plain image', codes: [] },
  { name: 'a dirty image', edit: u64(72, 1n), codes: [] },
  { name: 'lazy refcounts', edit: u64(80, 1n), codes: [] },
  { name: 'unknown compatible bits', edit: u64(80, 1n << 40n), codes: [] },
  {
    name: 'a plain backing file',
    options: { backingFile: 'volume-1' },
    codes: ['backing-file'],
    detail: '"volume-1"',
  },
  ...[
    '/etc/passwd',
    '../base',
    'dir/base',
    'json:{"driver":"raw"}',
    'nbd:host:1',
    'file:base',
    '..',
    'a\nb',
  ].map((backingFile): Case => ({
    name: `backing file ${JSON.stringify(backingFile)}`,
    options: { backingFile },
    codes: ['backing-file', 'unsafe-reference'],
    detail: JSON.stringify(backingFile),
  })),
  {
    name: 'a backing name longer than 1023 bytes',
    options: { backingFile: 'n'.repeat(1024) },
    codes: ['backing-file', 'field-out-of-bounds'],
    detail: '1024 bytes',
  },
  {
    name: 'a backing name outside the first cluster',
    options: { backingFile: 'base' },
    edit: u64(8, 65535n),
    codes: ['backing-file', 'field-out-of-bounds'],
    detail: 'offset 65535',
  },
  {
    name: 'a backing name of no length',
    edit: u64(8, 512n),
    codes: ['backing-file', 'field-out-of-bounds'],
  },
  { name: 'the data file bit', edit: u64(72, 4n), codes: ['data-file'], detail: 'not named' },
  {
    name: 'a data file name without its bit',
    options: { extensions: [{ type: DATA_FILE, data: 'json:{}' }] },
    codes: ['data-file'],
    detail: '"json:{}"',
  },
  {
    name: 'a data file name behind other extensions',
    options: {
      extensions: [
        { type: 7, data: 'x'.repeat(5000) },
        { type: DATA_FILE, data: '/secret' },
      ],
    },
    codes: ['data-file'],
    detail: '"/secret"',
  },
  { name: 'the corrupt bit', edit: u64(72, 2n), codes: ['corrupt'] },
  { name: 'unknown bit 5', edit: u64(72, 32n), codes: ['unknown-features'], detail: 'bits 5 ' },
  { name: 'unknown bit 63', edit: u64(72, 1n << 63n), codes: ['unknown-features'], detail: 'bits 63 ' },
  { name: 'a compression bit without type', edit: u64(72, 8n), codes: ['unknown-features'] },
  { name: 'a compression type without bit', edit: u32(104, 0x01000000), codes: ['unknown-features'] },
  { name: 'version 1', edit: u32(4, 1), codes: ['unknown-version'], detail: 'version 1' },
  { name: 'version 4', edit: u32(4, 4), codes: ['unknown-version'] },
  { name: 'AES encryption', edit: u32(32, 1), codes: ['encrypted'] },
  { name: 'cluster bits 8', edit: u32(20, 8), codes: ['field-out-of-bounds'], detail: 'cluster_bits is 8' },
  { name: 'cluster bits 22', edit: u32(20, 22), codes: ['field-out-of-bounds'] },
  {
    name: 'extended L2 entries with small clusters',
    options: { clusterBits: 13, virtualSize: 1024 },
    edit: u64(72, 16n),
    codes: ['field-out-of-bounds'],
    detail: '14 to 21',
  },
  {
    name: 'refcount order 7',
    edit: u32(96, 7),
    codes: ['field-out-of-bounds'],
    detail: 'refcount_order is 7',
  },
  { name: 'a short header', edit: u32(100, 96), codes: ['field-out-of-bounds'] },
  { name: 'a long header', edit: u32(100, 0xfffffff8), codes: ['field-out-of-bounds'] },
  { name: 'an L1 table too small', edit: u32(36, 1), codes: ['field-out-of-bounds'], detail: 'l1_size' },
  {
    name: 'an L1 table too large',
    edit: u32(36, 0x7fffffff),
    codes: ['field-out-of-bounds', 'truncated'],
    detail: 'size of the L1 table',
  },
  { name: 'an L1 table off the grid', edit: u64(40, 100n), codes: ['field-out-of-bounds'] },
  {
    name: 'an L1 table far behind the end',
    edit: u64(40, 0xffffffffffff0000n),
    codes: ['field-out-of-bounds', 'truncated'],
  },
  { name: 'no refcount table', edit: u32(56, 0), codes: ['field-out-of-bounds'] },
  {
    name: 'a huge refcount table',
    edit: u32(56, 0x7fffffff),
    codes: ['field-out-of-bounds', 'truncated'],
  },
  {
    name: 'a snapshot table too large',
    edit: (image) => {
      image.writeUInt32BE(70_000, 60);
      image.writeBigUInt64BE(65536n, 64);
    },
    codes: ['field-out-of-bounds', 'truncated'],
    detail: 'snapshot table',
  },
  {
    name: 'a size of 2^63',
    edit: u64(24, 1n << 63n),
    codes: ['field-out-of-bounds', 'field-out-of-bounds'],
    detail: '2^53',
  },
  {
    name: 'an extension twice',
    options: {
      extensions: [
        { type: BACKING_FORMAT, data: 'raw' },
        { type: BACKING_FORMAT, data: 'qcow2' },
      ],
    },
    codes: ['ambiguous-header'],
    detail: '0xe2792aca',
  },
  {
    name: 'an extension without end',
    edit: (image) => {
      image.writeUInt32BE(9, 112);
      image.writeUInt32BE(0xffffffff, 116);
    },
    codes: ['field-out-of-bounds'],
    detail: 'extensions',
  },
];

describe('inspection of a qcow2', () => {
  it.each(CASES)('of $name finds $codes', async ({ options, edit, codes, detail = '' }) => {
    const image = sampleQcow2(options);
    edit?.(image);
    const { findings } = await readQcow2Header(memorySource(image));
    expect(findings.map((finding) => finding.code)).toEqual(codes);
    expect(findings.map((finding) => finding.detail).join('; ')).toContain(detail);
    const report = await inspectImage(memorySource(image));
    expect(report).toMatchObject({ format: 'qcow2', formats: ['qcow2'], findings });
  });

  it('reads what the header says', async () => {
    const image = sampleQcow2({
      backingFile: 'volume-1.snap',
      extensions: [{ type: BACKING_FORMAT, data: 'qcow2' }],
    });
    image.writeBigUInt64BE(1n, 72);
    image.writeBigUInt64BE(1n, 80);
    const { header, fileSize } = await readQcow2Header(memorySource(image));
    expect(fileSize).toBe(262_144);
    expect(header).toMatchObject({
      version: 3,
      headerLength: 112,
      virtualSize: 2 ** 30,
      clusterSize: 65_536,
      l1Entries: 2,
      incompatibleBits: [0],
      dirty: true,
      corrupt: false,
      lazyRefcounts: true,
      backingFile: 'volume-1.snap',
      backingFormat: 'qcow2',
      dataFile: undefined,
    });
  });

  it('finds a name at the end of a large first cluster', async () => {
    const image = sampleQcow2({ clusterBits: 21, backingFile: 'base', backingFileOffset: 2 ** 21 - 4 });
    const reads: number[] = [];
    const source = memorySource(image);
    const { header } = await readQcow2Header({
      size: source.size,
      read: (offset, length) => {
        reads.push(length);
        return source.read(offset, length);
      },
    });
    expect(header.backingFile).toBe('base');
    expect(reads).toEqual([4096, 4]);
  });

  it('finds what stands behind a header longer than the first read', async () => {
    const image = sampleQcow2();
    image.writeUInt32BE(8192, 100);
    image.writeUInt32BE(DATA_FILE, 8192);
    image.writeUInt32BE(4, 8196);
    image.write('/etc', 8200);
    const { findings } = await readQcow2Header(memorySource(image));
    expect(findings).toEqual([expect.objectContaining({ code: 'data-file' })]);
  });

  it.each([4, 71, 100])('takes a file of %d bytes for a truncated one', async (length) => {
    const { findings } = await readQcow2Header(memorySource(sampleQcow2().subarray(0, length)));
    expect(findings.map(({ code }) => code)).toContain(length < 8 ? 'unknown-version' : 'truncated');
  });

  it('refuses to read anything else as a qcow2', async () => {
    const error = await readQcow2Header(memorySource(Buffer.from('QED\0rest'))).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(ImageInspectionError);
    expect(error).toMatchObject({
      code: 'wrong-signature',
      message: expect.stringContaining('51454400') as string,
    });
  });
});
