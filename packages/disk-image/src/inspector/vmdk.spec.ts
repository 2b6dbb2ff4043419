import { memorySource } from './byte-source.js';
import { inspectImage } from './inspect-image.js';
import { SAMPLE_EXTENT, sampleVmdk, sampleVmdkDescriptor } from './sample-images.js';

async function codesOf(image: Buffer): Promise<string[]> {
  const report = await inspectImage(memorySource(image));
  expect(report.formats).toEqual(['vmdk']);
  return report.findings.map(({ code }) => code);
}

const FLAT = sampleVmdkDescriptor('monolithicFlat', 'RW 8192 FLAT "/etc/shadow" 0');

describe('inspection of a sparse VMDK', () => {
  it('accepts a single file that holds its data', async () => {
    const report = await inspectImage(memorySource(sampleVmdk()));
    expect(report).toMatchObject({ format: 'vmdk', virtualSize: 4194304, findings: [] });
    expect(report.details).toMatchObject({ createType: 'monolithicSparse', layout: 'sparse' });
  });

  it.each([
    ['flat in a sparse file', FLAT, ['unsupported-subformat', 'external-extent']],
    [
      'an extent elsewhere',
      sampleVmdkDescriptor('monolithicSparse', 'RW 8192 SPARSE "/etc/shadow"'),
      ['external-extent'],
    ],
    [
      'two extents',
      sampleVmdkDescriptor('streamOptimized', SAMPLE_EXTENT, SAMPLE_EXTENT),
      ['malformed-descriptor'],
    ],
    [
      'a parent',
      sampleVmdkDescriptor('monolithicSparse', 'parentFileNameHint="/base.vmdk"', SAMPLE_EXTENT),
      ['backing-file'],
    ],
    [
      'a parent in a comment, where QEMU finds it',
      sampleVmdkDescriptor('monolithicSparse', '# parentFileNameHint="/base.vmdk"', SAMPLE_EXTENT),
      ['backing-file'],
    ],
    [
      'two create types',
      sampleVmdkDescriptor('monolithicSparse', '#createType="monolithicFlat"', SAMPLE_EXTENT),
      ['ambiguous-header'],
    ],
    [
      'a line that is nothing known',
      sampleVmdkDescriptor('monolithicSparse', 'include /etc/passwd', SAMPLE_EXTENT),
      ['malformed-descriptor'],
    ],
    [
      'text behind the end',
      `${sampleVmdkDescriptor('monolithicSparse', SAMPLE_EXTENT)}\0hidden`,
      ['malformed-descriptor'],
    ],
    ['no descriptor', '', ['unsupported-subformat', 'malformed-descriptor']],
  ])('finds %s', async (_name, descriptor, codes) => {
    expect(await codesOf(sampleVmdk(descriptor))).toEqual(codes);
  });

  it.each([
    ['no capacity, so that the descriptor is read as one of files', 12, 0n],
    ['an absurd capacity', 12, 1n << 62n],
    ['an absurd grain size', 20, 1n << 40n],
    ['a grain size of 0', 20, 0n],
    ['an oversized descriptor', 36, 1n << 20n],
    ['a descriptor elsewhere', 28, 2n],
    ['a descriptor at the end of all', 28, (1n << 64n) - 1n],
  ])('finds %s', async (_name, offset, value) => {
    const image = sampleVmdk();
    image.writeBigUInt64LE(value, offset);
    expect(await codesOf(image)).toContain('field-out-of-bounds');
  });

  it('finds a parent hidden behind a short descriptor', async () => {
    const image = sampleVmdk();
    image.writeBigUInt64LE(1n, 36);
    image.write('parentFileNameHint="/base"', 4096);
    expect(await codesOf(image)).toEqual(['backing-file']);
  });

  it('judges the footer that the header refers to', async () => {
    const image = sampleVmdk();
    image.fill(0xff, 56, 64);
    expect(await codesOf(image)).toEqual(['truncated']);
    image.copy(image, image.length - 1024, 0, 512);
    expect(await codesOf(image)).toEqual([]);
    image.writeBigUInt64LE(4096n, image.length - 1024 + 12);
    expect(await codesOf(image)).toEqual(['ambiguous-header']);
  });
});

describe('inspection of VMDK descriptor text', () => {
  it('names the files it would open', async () => {
    const report = await inspectImage(memorySource(Buffer.from(FLAT)));
    expect(report.findings.map(({ code }) => code)).toEqual([
      'unsupported-subformat',
      'unsupported-subformat',
      'external-extent',
    ]);
    expect(report.findings.at(-1)?.detail).toContain('"/etc/shadow"');
  });

  it.each([
    ['leading NULs', `${'\0'.repeat(512)}${FLAT}`],
    ['trailing NULs', `${FLAT}${'\0'.repeat(4096)}`],
    ['another first line', `hello\n${FLAT}`],
    ['letters of other case', FLAT.toUpperCase()],
    ['no comment', FLAT.slice(FLAT.indexOf('\n') + 1)],
    ['blank lines', `\n \n\r\n${FLAT}`],
  ])('sees through %s', async (_name, text) => {
    const codes = await codesOf(Buffer.from(text));
    expect(codes).toContain('external-extent');
    expect(codes.includes('disguised-descriptor')).toBe(/^(\0|hello)/.test(text));
  });

  it.each([
    ['a script', '#!/bin/sh\necho hello\n'],
    ['text about VMDK', 'The createType field says what a VMDK is.\n'],
    ['words behind binary data', `\x7fELF\x01\0${FLAT}`],
  ])('leaves %s alone', async (_name, text) => {
    const report = await inspectImage(memorySource(Buffer.from(text, 'latin1')));
    expect(report).toMatchObject({ format: 'raw', findings: [] });
  });

  it.each([
    ['COWD', Buffer.concat([Buffer.from('COWD'), Buffer.alloc(2048)])],
    ['seSparse', Buffer.from('bebafeca000000000100000002000000'.padEnd(1024, '0'), 'hex')],
  ])('refuses an extent of the ESX kind %s', async (_name, image) => {
    expect(await codesOf(image)).toEqual(['unsupported-subformat']);
  });
});
