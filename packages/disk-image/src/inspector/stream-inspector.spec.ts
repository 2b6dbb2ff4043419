import fc from 'fast-check';
import type { ByteSource } from './byte-source.js';
import { memorySource } from './byte-source.js';
import { BYTES_READ_MAX } from './capture-plan.js';
import type { ImageReport } from './image-report.js';
import { inspectImage } from './inspect-image.js';
import { readQcow2Header } from './read-qcow2-header.js';
import { addDiscMark, addMbr, sampleQcow2, sampleVmdk } from './sample-images.js';
import { StreamInspector } from './stream-inspector.js';

const RUNS = { numRuns: 150 };

/** Starts of other formats, so that random bytes reach their parsers. */
const SIGNATURES = [
  'QFI\xfb\0\0\0\x03',
  'KDMV',
  'conectix',
  'vhdxfile',
  'LUKS\xba\xbe\0\x01',
  'QED\0',
  '# Disk DescriptorFile\n',
];

function vdi(image: Buffer): Buffer {
  image.writeUInt32LE(0xbeda107f, 0x40);
  return image;
}

/** A VHDX as far as its region table, whose entry leads to `metadata`. */
function vhdx(metadata: bigint): Buffer {
  const image = Buffer.alloc(1200 * 1024);
  image.write('vhdxfile');
  image.write('regi', 192 * 1024);
  image.writeUInt32LE(1, 192 * 1024 + 8);
  Buffer.from('06a27c8b90479a4bb8fe575f050f886e', 'hex').copy(image, 192 * 1024 + 16);
  image.writeBigUInt64LE(metadata, 192 * 1024 + 32);
  image.write('metadata', 1024 * 1024);
  return image;
}

const SAMPLES: Readonly<Record<string, () => Buffer>> = {
  qcow2: () => sampleQcow2({ backingFile: 'base', extensions: [{ type: 0xe2792aca, data: 'raw' }] }),
  'qcow2 with a far name': () =>
    sampleQcow2({ clusterBits: 18, backingFile: 'base', backingFileOffset: 2 ** 18 - 100 }),
  'qcow2 that is a disc': () => addDiscMark(addMbr(sampleQcow2())),
  vmdk: () => sampleVmdk(),
  vdi: () => vdi(Buffer.alloc(2000)),
  vhdx: () => vhdx(1024n * 1024n),
  'vhdx that leads nowhere': () => vhdx((1n << 64n) - 1n),
};

/** How to make an image: a recipe, so that a failure shows something to read. */
const recipe = fc.oneof(
  fc.record({
    start: fc.constantFrom('', ...SIGNATURES),
    head: fc.uint8Array({ maxLength: 3000 }),
    tail: fc.constantFrom('', 'conectix'.padEnd(512, '\0'), 'koly'.padEnd(512)),
  }),
  // Changes within the first kilobytes, mostly to values that hurt, and cuts.
  fc.record({
    sample: fc.constantFrom(...Object.keys(SAMPLES)),
    edits: fc.array(fc.tuple(fc.nat(1200), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff)), { maxLength: 12 }),
    length: fc.option(fc.nat(300_000), { nil: undefined }),
  }),
);

type Recipe = typeof recipe extends fc.Arbitrary<infer Value> ? Value : never;

function make(from: Recipe): Buffer {
  if ('head' in from) {
    return Buffer.concat([Buffer.from(from.start, 'latin1'), from.head, Buffer.from(from.tail, 'latin1')]);
  }
  const image = SAMPLES[from.sample]?.() ?? Buffer.alloc(0);
  for (const [at, value] of from.edits) {
    image[at] = value;
  }
  return image.subarray(0, from.length);
}

function inspectStream(bytes: Buffer, chunks: readonly number[]): ImageReport {
  const inspector = new StreamInspector();
  let at = 0;
  for (let turn = 0; at < bytes.length; turn++) {
    const length = chunks[turn % chunks.length] ?? 1;
    // A copy that is wiped: the inspector may not keep what it was lent.
    const chunk = Buffer.from(bytes.subarray(at, at + length));
    inspector.write(chunk);
    chunk.fill(0xee);
    at += length;
  }
  return inspector.finish();
}

/** Counts what is read; `lack` bytes are missing from each read, as in a file that shrinks. */
function counting(bytes: Buffer, lack = 0): ByteSource & { total: number } {
  const inner = memorySource(bytes);
  const source = {
    size: inner.size,
    total: 0,
    read: async (offset: number, length: number): Promise<Uint8Array> => {
      const read = await inner.read(offset, length);
      source.total += read.length;
      return read.subarray(0, Math.max(0, read.length - lack));
    },
  };
  return source;
}

function cpuMsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

describe('inspection of any bytes', () => {
  it('reports, reads little, and takes little time', async () => {
    await fc.assert(
      fc.asyncProperty(recipe, fc.constantFrom(0, 0, 1, 500), async (from, lack) => {
        const source = counting(make(from), lack);
        const before = process.cpuUsage();
        const report = await inspectImage(source);
        expect(cpuMsSince(before)).toBeLessThan(2000);
        expect(source.total).toBeLessThanOrEqual(BYTES_READ_MAX);
        expect(report.formats.length).toBeGreaterThan(0);
        expect(Number.isSafeInteger(report.virtualSize) && report.virtualSize >= 0).toBe(true);
        expect(JSON.stringify(report.findings).length).toBeLessThan(20_000);
      }),
      RUNS,
    );
  });

  it('is the same for a stream, however it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        recipe,
        fc.array(fc.integer({ min: 700, max: 200_000 }), { minLength: 1 }),
        async (from, chunks) => {
          const bytes = make(from);
          expect(inspectStream(bytes, chunks)).toEqual(await inspectImage(memorySource(bytes)));
        },
      ),
      RUNS,
    );
  });

  it('ends where a header leads beyond 2^53', async () => {
    const report = await inspectImage(memorySource(vhdx((1n << 64n) - 1n)));
    expect(report.findings.map(({ code }) => code)).toContain('field-out-of-bounds');
  });

  it('is the same for a small stream byte by byte', async () => {
    const bytes = sampleVmdk();
    expect(inspectStream(bytes, [1])).toEqual(await inspectImage(memorySource(bytes)));
  });

  it('finds in a qcow2 header what the whole inspection finds, or refuses it', async () => {
    await fc.assert(
      fc.asyncProperty(recipe, async (from) => {
        const bytes = make(from);
        const source = counting(bytes);
        const report = await inspectImage(memorySource(bytes));
        if (report.format === 'qcow2') {
          const { header, findings } = await readQcow2Header(source);
          expect(header).toEqual(report.details);
          expect(report.findings.slice(0, findings.length)).toEqual(findings);
        } else {
          await expect(readQcow2Header(source)).rejects.toMatchObject({ code: 'wrong-signature' });
        }
        expect(source.total).toBeLessThanOrEqual(BYTES_READ_MAX);
      }),
      RUNS,
    );
  });
});
