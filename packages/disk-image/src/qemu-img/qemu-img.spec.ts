import { mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  CommandError,
  CommandRunner,
  GIB,
  MIB,
  type CommandErrorCode,
  type CommandRequest,
  type CommandResult,
} from '@scoria/core';
import { Container } from 'inversify';

import { diskImageModule } from '../disk-image-module.js';
import { QemuImg } from './qemu-img.js';

/** Answers as qemu-img would, after doing what `effect` says to the files. */
class FakeCommands implements CommandRunner {
  readonly requests: CommandRequest[] = [];
  effect: () => Promise<unknown> = () => Promise.resolve();
  stdout = '';

  async run(request: CommandRequest): Promise<CommandResult> {
    this.requests.push(request);
    await this.effect();
    return { exitCode: 0, stdout: this.stdout, stderr: '', durationMs: 1 };
  }

  async start(): Promise<never> {
    return Promise.reject(new Error('nothing is started here'));
  }

  async isolate(): Promise<void> {
    return Promise.resolve();
  }
}

describe('QemuImg', () => {
  const { signal } = new AbortController();
  const run = { signal };
  let directory: string;
  let disk: string;
  let commands: FakeCommands;
  let qemuImg: QemuImg;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'qemu-img-'));
    disk = join(directory, 'disk');
    commands = new FakeCommands();
    const container = new Container();
    container.bind(CommandRunner).toConstantValue(commands);
    container.load(diskImageModule);
    qemuImg = container.get(QemuImg);
  });
  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  async function qcow2File(path: string, sizeBytes: number): Promise<void> {
    const header = Buffer.alloc(512);
    header.write('QFI\xfb', 'latin1');
    header.writeUInt32BE(3, 4);
    header.writeBigUInt64BE(BigInt(sizeBytes), 24);
    await writeFile(path, header);
  }

  function argumentsOf(index = 0): readonly string[] | undefined {
    return commands.requests[index]?.args;
  }

  function graphIn(args: readonly string[] | undefined): unknown {
    const name = args?.find((argument) => argument.startsWith('json:'));
    return JSON.parse(name?.slice('json:'.length) ?? 'null');
  }

  it('creates raw and qcow2 files', async () => {
    commands.effect = () => truncate(disk, MIB);
    await qemuImg.create({ path: disk, format: 'raw', sizeBytes: MIB, preallocation: 'falloc' }, run);
    expect(argumentsOf()).toEqual([
      'create',
      '-q',
      '-f',
      'raw',
      '-o',
      'preallocation=falloc',
      '--',
      disk,
      '1048576',
    ]);
    const second = join(directory, 'second');
    commands.effect = () => qcow2File(second, MIB);
    await qemuImg.create({ path: second, format: 'qcow2', sizeBytes: MIB }, run);
    expect(argumentsOf(1)).toEqual(['create', '-q', '-f', 'qcow2', '--', second, '1048576']);
  });

  it('creates an overlay with a name and a format that it does not look at', async () => {
    commands.effect = () => qcow2File(disk, MIB);
    await qemuImg.createOverlay(
      { path: disk, backingName: 'volume-1', backingFormat: 'raw', sizeBytes: MIB },
      run,
    );
    const backing = ['-u', '-b', 'volume-1', '-F', 'raw'];
    expect(argumentsOf()).toEqual(['create', '-q', '-f', 'qcow2', ...backing, '--', disk, '1048576']);
  });

  it.each(['../a', '/etc/passwd', 'nbd:host', 'json:{}', '', '..', 'a\nb'])(
    'refuses the backing file name %j',
    async (backingName) => {
      const change = { path: disk, backingName, backingFormat: 'raw', sizeBytes: MIB } as const;
      await expect(qemuImg.createOverlay(change, run)).rejects.toMatchObject({ code: 'invalid-input' });
      await expect(qemuImg.rebaseUnsafe(change, run)).rejects.toMatchObject({ code: 'invalid-input' });
      expect(commands.requests).toEqual([]);
    },
  );

  it.each(['disk', '-f', 'json:{}', 'nbd://host', '', '/a\0b'])('refuses the path %j', async (path) => {
    const layer = { path, format: 'qcow2', sizeBytes: MIB } as const;
    const refused = { code: 'invalid-input' };
    await expect(qemuImg.create(layer, run)).rejects.toMatchObject(refused);
    await expect(qemuImg.resize([layer], MIB, run)).rejects.toMatchObject(refused);
    await expect(qemuImg.commit([layer, layer], run)).rejects.toMatchObject(refused);
    await expect(qemuImg.convert(layer, { path: disk, format: 'raw' }, run)).rejects.toMatchObject(refused);
    await expect(qemuImg.check(path, run)).rejects.toMatchObject(refused);
    expect(commands.requests).toEqual([]);
    expect(await readdir(directory)).toEqual([]);
  });

  it('never overwrites a file that is there', async () => {
    await writeFile(disk, 'data');
    await expect(qemuImg.create({ path: disk, format: 'raw', sizeBytes: MIB }, run)).rejects.toMatchObject({
      code: 'already-exists',
    });
    expect(commands.requests).toEqual([]);
  });

  it('does not take the word of a tool that made a file too small, and removes it', async () => {
    await expect(qemuImg.create({ path: disk, format: 'raw', sizeBytes: MIB }, run)).rejects.toMatchObject({
      code: 'failed',
    });
    expect(await readdir(directory)).toEqual([]);
  });

  it('changes a backing file by name and format', async () => {
    await qcow2File(disk, MIB);
    await qemuImg.rebaseUnsafe({ path: disk, backingName: 'volume-1', backingFormat: 'qcow2' }, run);
    const backing = ['-b', 'volume-1', '-F', 'qcow2'];
    expect(argumentsOf()).toEqual(['rebase', '-q', '-u', '-f', 'qcow2', ...backing, '--', disk]);
  });

  it('commits into the layer below, with everything below that kept closed', async () => {
    const layers = ['a', 'b', 'c'].map((name) => ({ path: join(directory, name), format: 'qcow2' as const }));
    for (const { path } of layers) await qcow2File(path, MIB);
    await qemuImg.commit(layers, run);
    expect(argumentsOf()?.slice(0, -1)).toEqual(['commit', '-q', '-d', '-t', 'writeback', '--']);
    expect(graphIn(argumentsOf())).toMatchObject({
      driver: 'qcow2',
      'read-only': false,
      file: { driver: 'file', filename: layers[0]?.path },
      backing: {
        driver: 'qcow2',
        'read-only': false,
        file: { driver: 'file', filename: layers[1]?.path },
        backing: { driver: 'snapshot-access', file: { driver: 'file' } },
      },
    });
  });

  it('opens the whole chain, as given, where the data below are needed', async () => {
    const layers = ['a', 'b', 'c'].map((name) => ({ path: join(directory, name), format: 'qcow2' as const }));
    for (const { path } of layers) await qcow2File(path, MIB);
    commands.effect = () =>
      commands.requests.length === 1
        ? Promise.reject(commandError('command-failed', '...'))
        : Promise.resolve();
    await qemuImg.commit(layers, run);
    expect(graphIn(argumentsOf(1))).toMatchObject({
      backing: { backing: { driver: 'qcow2', file: { filename: layers[2]?.path }, backing: null } },
    });
  });

  it('grows, does nothing twice, and never shrinks', async () => {
    const layer = { path: disk, format: 'raw' } as const;
    await writeFile(disk, '');
    await truncate(disk, MIB);
    commands.effect = () => truncate(disk, 2 * MIB);
    await qemuImg.resize([layer], 2 * MIB, run);
    expect(argumentsOf()?.slice(0, 3)).toEqual(['resize', '-q', '--']);
    expect(argumentsOf()?.at(-1)).toBe('2097152');
    expect(graphIn(argumentsOf())).toMatchObject({ driver: 'raw', file: { driver: 'file', filename: disk } });
    await qemuImg.resize([layer], 2 * MIB, run);
    expect(commands.requests).toHaveLength(1);
    await expect(qemuImg.resize([layer], MIB, run)).rejects.toMatchObject({ code: 'invalid-input' });
    await expect(qemuImg.resize([layer], MIB + 1, run)).rejects.toMatchObject({ code: 'invalid-input' });
  });

  it('converts an image without its backing file', async () => {
    await qemuImg.convert({ path: '/srv/a', format: 'qcow2' }, { path: disk, format: 'raw' }, run);
    const output = ['-t', 'writeback', '-O', 'raw', '--'];
    expect(argumentsOf()?.slice(0, -2)).toEqual(['convert', '-q', '-m', '8', '-W', ...output]);
    expect(graphIn(argumentsOf())).toMatchObject({ driver: 'qcow2', 'read-only': true, backing: null });
    expect(argumentsOf()?.at(-1)).toBe(disk);
  });

  it.each([
    [{ existing: true }, ['-n', '-m', '8', '-W']],
    [{ existing: true, zeroed: true }, ['-n', '--target-is-zero', '-m', '8', '-W']],
    [{ existing: true, sparse: false }, ['-n', '-S', '0', '-m', '8', '-W']],
    [{ existing: true, compressed: true }, ['-n', '-c']],
  ])('converts into %j', async (target, flags) => {
    await writeFile(disk, '');
    await qemuImg.convert({ path: '/srv/a', format: 'vhd' }, { path: disk, format: 'vmdk', ...target }, run);
    const output = ['-t', 'writeback', '-O', 'vmdk', '--'];
    expect(argumentsOf()?.slice(0, -2)).toEqual(['convert', '-q', ...flags, ...output]);
    expect(graphIn(argumentsOf())).toMatchObject({
      driver: 'vpc',
      file: { driver: 'file', filename: '/srv/a' },
    });
  });

  it('refuses to take zeroes for granted in a new file', async () => {
    const target = { path: disk, format: 'raw', zeroed: true } as const;
    await expect(qemuImg.convert({ path: '/srv/a', format: 'raw' }, target, run)).rejects.toMatchObject({
      code: 'invalid-input',
    });
  });

  it('runs everything with limits', async () => {
    commands.stdout = 'qemu-img version 7.2.22 (Debian 1:7.2)\n';
    expect(await qemuImg.version(run)).toBe('7.2.22');
    await qemuImg.version({ signal, timeoutMs: 5, limits: { cpuSeconds: 1, fileSizeBytes: MIB } });
    expect(commands.requests).toMatchObject([
      { command: 'qemu-img', signal, timeoutMs: 120_000, limits: { addressSpaceBytes: GIB, cpuSeconds: 60 } },
      { timeoutMs: 5, limits: { addressSpaceBytes: GIB, cpuSeconds: 1, fileSizeBytes: MIB } },
    ]);
  });

  it.each<[CommandErrorCode, string, string | undefined, string]>([
    ['command-not-found', 'qemu-img is not there', undefined, 'unavailable'],
    ['command-timeout', 'did not end', 'SIGKILL', 'timeout'],
    ['command-cancelled', 'was cancelled', 'SIGTERM', 'cancelled'],
    ['command-output-too-large', 'wrote more than it may', 'SIGTERM', 'unsafe-image'],
    ['command-failed', 'qemu-img: error while writing: No space left on device', undefined, 'no-space'],
    ['command-failed', 'qemu-img: error while writing: Disk quota exceeded', undefined, 'no-space'],
    ['command-failed', 'qemu-img: No space left in the file header', undefined, 'no-space'],
    ['command-failed', "The image size is too large for file format 'qcow2'", undefined, 'invalid-input'],
    ['command-failed', 'qemu-img: Could not resize file: File too large', undefined, 'no-space'],
    [
      'command-failed',
      'qemu-img: Could not open \'a\': Failed to get "write" lock\nIs another',
      undefined,
      'volume-busy',
    ],
    ['command-killed', 'killed by SIGABRT: failed to allocate 2097152 bytes', 'SIGABRT', 'unsafe-image'],
    ['command-killed', 'killed by SIGXCPU', 'SIGXCPU', 'unsafe-image'],
    ['command-killed', 'killed by SIGSEGV', 'SIGSEGV', 'failed'],
    ['command-failed', 'failed with exit status 1: one\nqemu-img: the last line', undefined, 'failed'],
  ])('turns %s, "%s", %s into %s', async (code, message, killedBy, expected) => {
    commands.effect = () => Promise.reject(commandError(code, message, killedBy));
    await expect(qemuImg.version(run)).rejects.toMatchObject({ code: expected });
  });

  it('tells a file that was to be too large from a disk that has no room', async () => {
    commands.effect = () => Promise.reject(commandError('command-failed', 'File too large'));
    await expect(qemuImg.version({ signal, limits: { fileSizeBytes: MIB } })).rejects.toMatchObject({
      code: 'unsafe-image',
    });
  });

  it('says what was to be done, and the last line of what the tool said', async () => {
    commands.effect = () =>
      Promise.reject(commandError('command-failed', 'failed: one\nqemu-img: the last line'));
    await expect(qemuImg.version(run)).rejects.toThrow('qemu-img --version failed: qemu-img: the last line');
  });

  it('has no qcow2 layer taken for another format', async () => {
    await writeFile(disk, 'no header');
    await expect(qemuImg.resize([{ path: disk, format: 'qcow2' }], MIB, run)).rejects.toMatchObject({
      code: 'damaged',
    });
  });
});

function commandError(code: CommandErrorCode, message: string, signal?: string): CommandError {
  return new CommandError({ code, message, details: { signal } });
}
