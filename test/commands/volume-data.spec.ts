import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { programOf, scoria } from './run-program.js';

const GIB = 1024 ** 3;
const DATA = randomBytes(5_000_001);
const PROGRAM = programOf('packages/cli/bin/scoria.cjs');

describe('the data of a volume', () => {
  let directory: string;

  async function run(...args: string[]): Promise<{ status: number | null; stdout: string; stderr: string }> {
    return scoria(directory, ...args);
  }

  async function succeed(...args: string[]): Promise<string> {
    const { status, stdout, stderr } = await run(...args);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return stdout;
  }

  async function statusOf(volume: string): Promise<unknown> {
    return (JSON.parse(await succeed('volume', 'show', volume, '--json')) as { status: unknown }).status;
  }

  function start(...args: string[]): ReturnType<typeof spawn> {
    return spawn(process.execPath, [PROGRAM, ...args], { cwd: directory, stdio: 'pipe' });
  }

  beforeAll(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'scoria-data-'));
    await succeed('volume', 'create', 'data', '--size', '1');
    await writeFile(path.join(directory, 'in.bin'), DATA);
    await succeed('volume', 'import', 'data', 'in.bin', '--offset', '4097');
  });
  afterAll(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  it('comes out as it went in, in a sparse file that only its owner reads', async () => {
    const said = JSON.parse(await succeed('volume', 'export', 'data', 'out.img', '--json')) as unknown;
    expect(said).toMatchObject({ file: 'out.img', bytes: GIB });
    const file = path.join(directory, 'out.img');
    const { size, blocks, mode } = await stat(file);
    expect({ size, isSparse: blocks * 512 < 8_000_000, mode: mode & 0o777 }).toEqual({
      size: GIB,
      isSparse: true,
      mode: 0o600,
    });
    const { stdout } = start('volume', 'export', 'data', '-');
    const head: Buffer[] = [];
    let streamed = 0;
    for await (const chunk of stdout as AsyncIterable<Buffer>) {
      if (streamed < 8_000_000) head.push(chunk);
      streamed += chunk.length;
    }
    const expected = Buffer.alloc(8_000_000);
    DATA.copy(expected, 4097);
    expect(streamed).toBe(GIB);
    expect(Buffer.concat(head).subarray(0, expected.length).equals(expected)).toBe(true);
    await using handle = await open(file);
    const { buffer: written } = await handle.read(Buffer.alloc(expected.length), 0, expected.length, 0);
    expect(written.equals(expected)).toBe(true);
  });

  it('replaces a file only when told to, and only when all is written', async () => {
    const file = path.join(directory, 'kept.img');
    await writeFile(file, 'what was there');
    const refused = await run('volume', 'export', 'data', 'kept.img');
    expect(refused).toMatchObject({ status: 2, stderr: expect.stringContaining('--force') as unknown });
    const gone = await run('volume', 'export', 'nothing', 'kept.img', '--force');
    expect(gone).toMatchObject({ status: 1, stderr: 'scoria: there is no volume "nothing"\n' });
    expect(await readFile(file, 'utf8')).toBe('what was there');
    await succeed('volume', 'export', 'data', 'kept.img', '--force');
    expect((await stat(file)).size).toBe(GIB);
    expect((await readdir(directory)).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  it('ends quietly for a reader that has seen enough', async () => {
    const child = start('volume', 'export', 'data', '-');
    const ended = once(child, 'close');
    await once(child.stdout!, 'data');
    child.stdout!.destroy();
    const said = (await buffer(child.stderr!)).toString();
    expect(await ended).toEqual([1, null]);
    expect(said).toBe('scoria: standard output cannot be written (EPIPE)\n');
    expect(await statusOf('data')).toBe('available');
  });

  it('is never more than the volume holds', async () => {
    const { status, stderr } = await run('volume', 'import', 'data', 'in.bin', '--offset', String(GIB - 10));
    expect(status).toBe(2);
    expect(stderr).toContain("end beyond the volume's 1073741824 bytes; extend the volume first");
    expect(await statusOf('data')).toBe('available');

    await succeed('volume', 'create', 'small', '--size', '1');
    const child = start('volume', 'import', 'small', '-', '--offset', String(GIB - 10));
    child.stdin!.end('eleven bytes');
    const ended = once(child, 'close');
    const said = (await buffer(child.stderr!)).toString();
    expect(await ended).toEqual([1, null]);
    expect(said).toContain('standard input holds more than fits');
    expect(await statusOf('small')).toBe('error');
    expect(await succeed('volume', 'reset', 'small')).toMatch(/status +available/);
  });

  it('stops waiting for its input when it is interrupted', async () => {
    await succeed('volume', 'create', 'waiting', '--size', '1');
    const child = start('volume', 'import', 'waiting', '-');
    const ended = once(child, 'close');
    while ((await statusOf('waiting')) !== 'downloading') expect(child.exitCode).toBe(null);
    child.kill('SIGINT');
    expect((await buffer(child.stderr!)).toString()).toMatch(/^scoria: cancelling.*\nscoria: cancelled; /);
    expect(await ended).toEqual([1, null]);
    expect(await statusOf('waiting')).toBe('error');
  });
});
