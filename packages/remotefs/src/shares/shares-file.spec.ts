import { isDriverError } from '@scoria/core';
import fc from 'fast-check';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseSharesFile, readSharesFile } from './shares-file.js';

describe('parseSharesFile', () => {
  it.each([
    ['a share', 'host:/volume', 'host:/volume', []],
    ['an address', '10.0.0.1:/a/b', '10.0.0.1:/a/b', []],
    ['an IPv6 address', '[fe80::1%eth0]:/v', '[fe80::1%eth0]:/v', []],
    ['options', 'h:/v -o ro,vers=4.1', 'h:/v', ['ro', 'vers=4.1']],
    ['options more than once', 'h:/v -o a -o b=1:2,c', 'h:/v', ['a', 'b=1:2', 'c']],
    ['a space in the share', 'h:/my\\040volume', 'h:/my volume', []],
    ['tabs and spaces around', '\t h:/v \t -o\t a  ', 'h:/v', ['a']],
    ['a carriage return at the end', 'h:/v -o a\r', 'h:/v', ['a']],
    ['a byte order mark', '\uFEFFh:/v', 'h:/v', []],
    ['exec', 'h:/v -o exec', 'h:/v', ['exec']],
    ['letters of any script', 'h:/наш-диск', 'h:/наш-диск', []],
  ])('takes %s', (_case, line, share, options) => {
    expect(parseSharesFile(line)).toEqual({ shares: [{ share, options }], problems: [] });
  });

  it.each([
    ['an option for a share', '-o suid host:/v', /begins with an option/],
    ['a long option for a share', '--bind host:/v', /begins with an option/],
    ['a host that is an option', '-h:/v', /begins with an option/],
    ['no host', ':/v', /is no host name/],
    ['no path', 'host:', /expected host:\/volume/],
    ['a relative path', 'host:volume', /expected host:\/volume/],
    ['a path only', '/dev/sda', /expected host:\/volume/],
    ['dots in the host', 'a..b:/v', /is no host name/],
    ['dots for a host', '..:/v', /is no host name/],
    ['dots in the path', 'h:/v/../w', /has '\.\.' in the path/],
    ['a bare IPv6 address', 'fe80::1:/v', /expected host:\/volume/],
    ['a wrong IPv6 address', '[fe80::1::2]:/v', /no IPv6 address/],
    ['an address with an option in it', '[-o]:/v', /no IPv6 address/],
    ['two shares', 'h:/v h:/w', /expected only '-o options'/],
    ['an option without -o', 'h:/v ro', /expected only '-o options'/],
    ['another flag', 'h:/v -t tmpfs', /expected only '-o options'/],
    ['a flag glued to its value', 'h:/v -osuid', /expected only '-o options'/],
    ['-o with nothing', 'h:/v -o', /no options after it/],
    ['an empty option', 'h:/v -o a,,b', /empty mount option/],
    ['an option that is a flag', 'h:/v -o -t', /begins with '-'/],
    ['a value that is a flag', 'h:/v -o a=-b', /begins with '-'/],
    ['a shell character', 'h:/v -o a=$(id)', /a character other than/],
    ['a backslash', 'h:/v -o a\\040b', /a character other than/],
    ['suid', 'h:/v -o ro,suid', /mount option 'suid', which is not allowed/],
    ['dev in capitals', 'h:/v -o DEV', /mount option 'DEV', which is not allowed/],
    ['bind', 'h:/v -o bind', /'bind', which is not allowed/],
    ['a directory to make', 'h:/v -o X-mount.mkdir=0777', /'X-mount.mkdir', which is not allowed/],
    ['a helper program', 'h:/v -o helper=sh', /'helper', which is not allowed/],
    ['a null character', 'h:/v\0', /unprintable/],
    ['an escape character', 'h:/\u001b[31m', /unprintable/],
    ['text that turns its direction', 'h:/\u202Ev', /unprintable/],
    ['a carriage return within', 'h:/v\rh:/w', /unprintable/],
    ['what is not UTF-8', 'h:/\uFFFD', /unprintable/],
    ['a line without an end', `h:/${'x'.repeat(5000)}`, /longer than 4096/],
  ])('refuses %s', (_case, line, reason) => {
    const { shares, problems } = parseSharesFile(`good:/v\n# comment\n${line}\n`);
    expect(shares).toEqual([{ share: 'good:/v', options: [] }]);
    expect(problems).toEqual([{ line: 3, reason: expect.stringMatching(reason) as string }]);
  });

  it('never shows the value of an option', () => {
    const { problems } = parseSharesFile('h:/v -o password=s3cret!\nh:/v -o suid=s3cret');
    expect(problems).toHaveLength(2);
    expect(JSON.stringify(problems)).not.toContain('s3cret');
  });

  it('takes less where the file system does, and says so of the line', () => {
    const limits = {
      refusedOptions: ['log-file'],
      shareProblem: (share: string) => (share.endsWith('/') ? 'ends with a slash' : undefined),
    };
    const text = 'h:/a -o log-level=INFO\nh:/b -o ro,LOG-FILE=/etc/x\nh:/c/\n-o log-file=/x\n';
    expect(parseSharesFile(text, limits)).toEqual({
      shares: [{ share: 'h:/a', options: ['log-level=INFO'] }],
      problems: [
        { line: 2, reason: "has the mount option 'log-file', which is not allowed here" },
        { line: 3, reason: 'ends with a slash' },
        { line: 4, reason: expect.stringContaining('begins with an option') as string },
      ],
    });
  });

  it('skips blank lines and comments, and counts them', () => {
    const { shares, problems } = parseSharesFile('\r\n  \n  # h:/x\n\nh:/v\nbad\n');
    expect(shares.map(({ share }) => share)).toEqual(['h:/v']);
    expect(problems.map(({ line }) => line)).toEqual([6]);
  });

  it('says once that a share comes again, in whatever spelling, and takes the first', () => {
    const { shares, problems } = parseSharesFile('h:/v -o a\nH:/v/ -o b\nh://v\n');
    expect(shares).toEqual([{ share: 'h:/v', options: ['a'] }]);
    expect(problems).toEqual([{ line: 2, reason: 'repeats the share of line 1; that one counts' }]);
  });

  it('never throws, and lets nothing through that is an option or has a control character', () => {
    const fragments = fc.constantFrom(
      'h:',
      '/v',
      '-o',
      ' ',
      '\t',
      '\n',
      '\r',
      ',',
      '=',
      '-',
      '\\040',
      '#',
      '[::1]',
      '..',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc
        .array(fc.oneof(fragments, fc.string({ maxLength: 2 })), { maxLength: 40 })
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, (input) => {
        for (const { share, options } of parseSharesFile(input).shares) {
          for (const argument of [share, ...options]) {
            expect(argument).not.toMatch(/^-|\p{Cc}/u);
          }
          expect(share).toMatch(/^[^:]+:.*\/|^\[.+\]:\//);
          for (const option of options) expect(option).toMatch(/^[A-Za-z0-9_.=:/@%+-]+$/);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('readSharesFile', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'shares-file-'));
  });
  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  it('hands back what can be used and what cannot', async () => {
    const file = path.join(directory, 'shares');
    await writeFile(file, 'h:/v\nbad\n');
    expect(await readSharesFile(file)).toEqual({
      shares: [{ share: 'h:/v', options: [] }],
      problems: [{ line: 2, reason: 'expected host:/volume, but found "bad"' }],
    });
  });

  it.each([
    ['a missing file', undefined, /shares does not exist; write 'host:\/volume'/],
    ['an empty file', '# nothing\n', /shares has no share in it; write 'host:\/volume'/],
    ['bad lines only', 'bad\n-o x\n', /no line that can be used \(line 1 expected .*; line 2 begins with/],
    ['a file that is too large', '#'.repeat(1024 * 1024 + 1), /is larger than 1048576 bytes/],
  ])('fails on %s', async (_case, content, message) => {
    const file = path.join(directory, 'shares');
    if (content !== undefined) await writeFile(file, content);
    const failure = await readSharesFile(file).catch((error: unknown) => error);
    expect(isDriverError(failure, 'unavailable')).toBe(true);
    expect((failure as Error).message).toMatch(message);
  });

  it('fails on a directory', async () => {
    await expect(readSharesFile(directory)).rejects.toThrow(/is not a file/);
  });
});
