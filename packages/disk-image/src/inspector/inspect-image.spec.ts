import { memorySource } from './byte-source.js';
import { checkClaim } from './check-claim.js';
import type { ClaimedFormat } from './image-format.js';
import { inspectImage } from './inspect-image.js';
import { addDiscMark, addMbr, sampleQcow2, sampleVmdk } from './sample-images.js';

const MIB = 1024 * 1024;
const raw = (): Buffer => Buffer.alloc(MIB);
const gpt = (image: Buffer): Buffer => {
  image.write('EFI PART', 512);
  return image;
};
const fill = (image: Buffer, text: string, at = 0): Buffer => {
  image.write(text, at, 'latin1');
  return image;
};
/** A fixed VHD's footer behind a payload: 1 MiB by the exact size of its creator. */
const withVhdFooter = (payload: Buffer): Buffer => {
  const footer = Buffer.alloc(512);
  footer.write('conectix');
  footer.fill(0xff, 16, 24);
  footer.write('win ', 28);
  footer.writeBigUInt64BE(BigInt(payload.length), 48);
  footer.writeUInt32BE(2, 60);
  footer.writeUInt32BE(~footer.reduce((sum, byte) => sum + byte, 0) >>> 0, 64);
  return Buffer.concat([payload, footer]);
};

interface Case {
  readonly name: string;
  readonly image: Buffer;
  readonly formats?: readonly string[];
  readonly content?: readonly string[];
  readonly codes?: readonly string[];
}

const CASES: readonly Case[] = [
  { name: 'an empty file', image: Buffer.alloc(0) },
  { name: 'one byte', image: Buffer.alloc(1) },
  { name: 'zeroes', image: raw() },
  { name: 'a partition table', image: addMbr(raw()), content: ['mbr'] },
  { name: 'a GPT with its protective MBR', image: gpt(addMbr(raw(), 0xee)), content: ['gpt'] },
  { name: 'a GPT with another table', image: gpt(addMbr(raw())), content: ['gpt', 'mbr'] },
  { name: 'a boot sector without partitions', image: fill(raw(), '\x55\xaa', 510) },
  { name: 'boot code that is no table', image: fill(addMbr(raw()), '\x12', 446) },
  { name: 'a disc', image: addDiscMark(raw()), content: ['iso'] },
  {
    name: 'a disc with UDF, bootable from a stick',
    image: addMbr(addDiscMark(addDiscMark(raw()), 'NSR02', 3)),
    content: ['iso', 'udf', 'mbr'],
  },
  { name: 'LUKS 1', image: fill(fill(raw(), 'LUKS\xba\xbe\x00\x01'), '\x08', 106), formats: ['luks'] },
  {
    name: 'LUKS 1 cut before its payload',
    image: fill(fill(raw(), 'LUKS\xba\xbe\x00\x01'), '\x10', 106),
    formats: ['luks'],
    codes: ['truncated'],
  },
  { name: 'LUKS 2', image: fill(raw(), 'LUKS\xba\xbe\x00\x02'), formats: ['luks'] },
  {
    name: 'LUKS 3',
    image: fill(raw(), 'LUKS\xba\xbe\x00\x03'),
    formats: ['luks'],
    codes: ['unknown-version'],
  },
  { name: 'QED', image: fill(raw(), 'QED\0'), formats: ['qed'], codes: ['unsafe-format'] },
  {
    name: 'bochs',
    image: fill(raw(), 'Bochs Virtual HD Image'),
    formats: ['bochs'],
    codes: ['unsafe-format'],
  },
  { name: 'dmg', image: fill(raw(), 'koly', MIB - 512), formats: ['dmg'], codes: ['unsafe-format'] },
  { name: 'a fixed VHD', image: withVhdFooter(raw()), formats: ['vhd'] },
  {
    name: 'a fixed VHD of a partitioned disk',
    image: withVhdFooter(addMbr(raw())),
    formats: ['vhd'],
    content: ['mbr'],
  },
  {
    name: 'a damaged VHD footer',
    image: fill(withVhdFooter(raw()), 'x', MIB + 100),
    formats: ['vhd'],
    codes: ['bad-checksum'],
  },
  {
    name: 'a qcow2 within a fixed VHD',
    image: withVhdFooter(Buffer.concat([sampleQcow2(), Buffer.alloc(MIB - 262_144)])),
    formats: ['qcow2', 'vhd'],
    codes: ['polyglot'],
  },
  {
    name: 'a qcow2 that is a disc',
    image: addDiscMark(sampleQcow2()),
    formats: ['qcow2'],
    content: ['iso'],
    codes: ['polyglot'],
  },
  {
    name: 'a qcow2 with a partition table',
    image: addMbr(sampleQcow2()),
    formats: ['qcow2'],
    content: ['mbr'],
    codes: ['polyglot'],
  },
  {
    name: 'a VMDK that is a disc',
    image: addDiscMark(sampleVmdk()),
    formats: ['vmdk'],
    content: ['iso'],
    codes: ['polyglot'],
  },
];

describe('inspectImage', () => {
  it.each(CASES)('knows $name', async ({ image, formats = ['raw'], content = [], codes = [] }) => {
    const report = await inspectImage(memorySource(image));
    expect(report).toMatchObject({ formats, content, fileSize: image.length });
    expect(report.format).toBe(formats[0]);
    expect(report.findings.map(({ code }) => code)).toEqual(codes);
    expect(report.details?.kind ?? 'raw').toBe(report.format);
  });
});

it('gives a LUKS 1 disk the size of its payload', async () => {
  const image = fill(fill(Buffer.alloc(MIB + 512 * 1024), 'LUKS\xba\xbe\x00\x01'), '\x08', 106);
  expect(await inspectImage(memorySource(image))).toMatchObject({ virtualSize: 512 * 1024 });
});

describe('checkClaim', () => {
  const claims: [string, Buffer, ClaimedFormat, boolean][] = [
    ['raw', raw(), 'raw', true],
    ['raw with a partition table', addMbr(raw()), 'raw', true],
    ['a disc', addDiscMark(raw()), 'iso', true],
    ['a disc', addDiscMark(raw()), 'raw', true],
    ['zeroes', raw(), 'iso', false],
    ['a qcow2', sampleQcow2(), 'qcow2', true],
    ['a qcow2', sampleQcow2(), 'raw', false],
    ['a qcow2', sampleQcow2(), 'vmdk', false],
    ['a qcow2 that is a disc', addDiscMark(sampleQcow2()), 'iso', false],
    ['a VMDK', sampleVmdk(), 'raw', false],
    ['a fixed VHD', withVhdFooter(raw()), 'raw', false],
    ['a fixed VHD', withVhdFooter(raw()), 'vhd', true],
    ['a qcow2 within a VHD', withVhdFooter(sampleQcow2()), 'qcow2', false],
    ['zeroes', raw(), 'qcow2', false],
  ];

  it.each(claims)('%s: %#', async (_name, image, claimed, agrees) => {
    const findings = checkClaim(await inspectImage(memorySource(image)), claimed);
    expect(findings.map(({ code }) => code)).toEqual(agrees ? [] : ['claim-mismatch']);
    expect(findings.every(({ detail }) => detail.includes(`"${claimed}"`))).toBe(true);
  });
});
