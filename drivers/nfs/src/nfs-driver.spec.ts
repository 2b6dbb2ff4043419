import type { Backend, CommandRequest, Snapshot, Volume } from '@scoria/core';
import { applyUpdate, checkPlugin, Container, ContainerModule, createBackend } from '@scoria/core';
import { isDriverError, MIB } from '@scoria/core';
import type { Plan } from '@scoria/remotefs';
import { FileNames, MountTable, planCreateSnapshot } from '@scoria/remotefs';
import { FakeCommandRunner, fakePorts, makeContext, makeSnapshot, makeVolume } from '@scoria/testkit';
import { MemoryLogger } from '@scoria/testkit';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import plugin from './index.js';

const V = '0f5a2f2e-7a1c-4b7e-8b0c-000000000001';
const S = '0f5a2f2e-7a1c-4b7e-8b0c-000000000011';
const FILE = `volume-${V}`;
const A = 'a.example:/export';
const B = '[2001:db8::1]:/export/volumes';
const BLOCK_BYTES = 512;

/** What is mounted; in the place of the kernel's own table. */

let base: string;
let sharesFile: string;
let mounted: { directory: string; type: string; source: string }[];
let commands: FakeCommandRunner;
let logger: MemoryLogger;
let backend: Backend;

beforeEach(async () => {
  base = await realpath(await mkdtemp(path.join(tmpdir(), 'scoria-nfs-driver-')));
  sharesFile = path.join(base, 'shares');
  mounted = [];
  logger = new MemoryLogger();
  commands = new FakeCommandRunner()
    .when(['qemu-img', '--version'], { stdout: 'qemu-img version 7.2.0\n' })
    .when(['qemu-img', 'create'], createImage)
    .when('mount', mount);
});
afterEach(() => rm(base, { recursive: true }));

/** What mount(8) does, as far as the table shows it: the files are in the mount point itself. */
function mount({ args }: CommandRequest): object {
  const [directory = '', source = ''] = [...args].reverse();
  mounted.push({ directory, type: 'nfs4', source });
  return {};
}

function unreachable(share: string): void {
  commands.when(({ command, args }) => command === 'mount' && args.includes(share), {
    exitCode: 32,
    stderr: 'mount.nfs: Connection timed out',
  });
}

/** What qemu-img leaves on disk, as far as anyone looks: a header, and tables without entries. */
async function createImage({ args }: CommandRequest): Promise<object> {
  const [file = '', size = ''] = args.slice(args.indexOf('--') + 1);
  const cluster = 2 ** 16;
  const image = Buffer.alloc(3 * cluster);
  image.write('QFI\xfb', 'latin1');
  image.writeUInt32BE(3, 4);
  image.writeUInt32BE(16, 20);
  image.writeBigUInt64BE(BigInt(size), 24);
  image.writeUInt32BE(1, 36);
  image.writeBigUInt64BE(BigInt(2 * cluster), 40);
  image.writeBigUInt64BE(BigInt(cluster), 48);
  image.writeUInt32BE(1, 56);
  image.writeUInt32BE(4, 96);
  image.writeUInt32BE(104, 100);
  if (args.includes('-b')) writeBacking(image, args[args.indexOf('-b') + 1]!, args[args.indexOf('-F') + 1]!);
  await writeFile(file, image);
  return {};
}

function writeBacking(image: Buffer, name: string, format: string): void {
  image.writeUInt32BE(0xe2792aca, 104);
  image.writeUInt32BE(format.length, 108);
  image.write(format, 112);
  image.writeBigUInt64BE(200n, 8);
  image.writeUInt32BE(name.length, 16);
  image.write(name, 200);
}

const bindings = new ContainerModule(async (options) => {
  await plugin.bindings?.load(options);
  const find = async (directory: string): Promise<unknown> =>
    Promise.resolve(mounted.find((entry) => entry.directory === directory));
  options.rebind(MountTable).toConstantValue({ find });
});

async function create(options: Readonly<Record<string, unknown>> = {}): Promise<Backend> {
  const root = new Container();
  root.load(fakePorts({ commandRunner: commands, logger }));
  return createBackend(
    root,
    { ...plugin, bindings },
    {
      name: 'nas',
      options: { nfs_shares_config: sharesFile, ...options },
      stateDirectory: path.join(base, 'state'),
    },
  );
}

async function start(lines: string, options: Readonly<Record<string, unknown>> = {}): Promise<Backend> {
  await writeFile(sharesFile, `${lines}\n`);
  backend = await create(options);
  await backend.start(makeContext({ logger }));
  return backend;
}

function pointOf(share: string, mountPointBase = path.join(base, 'state', 'nas', 'mnt')): string {
  return path.join(mountPointBase, createHash('md5').update(share).digest('hex'));
}

async function createVolume(overrides: Partial<Volume> = {}): Promise<Volume> {
  const volume = makeVolume({ id: V, sizeBytes: MIB, ...overrides });
  const update = await backend.driver.createVolume(makeContext(), volume);
  return { ...applyUpdate(volume, update), status: 'available' };
}

async function takeSnapshot(volume: Volume): Promise<Snapshot> {
  const snapshot = makeSnapshot(volume, { id: S });
  return applyUpdate(snapshot, await backend.driver.createSnapshot(makeContext(), snapshot));
}

async function names(share: string, ...inside: string[]): Promise<string[]> {
  const found = await readdir(path.join(pointOf(share), ...inside)).catch(() => []);
  return found.filter((name) => !name.startsWith('.')).sort();
}

async function refusal(work: Promise<unknown>): Promise<{ code: string; message: string }> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (isDriverError(error)) return error;
  throw new Error(`expected a DriverError, got ${String(error)}`);
}

const warnings = (): string[] =>
  logger.lines.filter(({ level }) => level === 'warn').map(({ message }) => message);
const callsOf = (...words: string[]): string[][] =>
  commands.calls
    .map(({ command, args }) => [command, ...args])
    .filter((line) => words.every((word, index) => line[index] === word));

it('fits the contract', () => {
  checkPlugin(plugin);
  expect(plugin.capabilities).toEqual([
    'clone',
    'revert',
    'manage',
    'adopt',
    'inspect',
    'plan',
    'onlineSnapshot',
    'changedBlocks',
    'trim',
  ]);
});

describe('the start', () => {
  it.each<[string, string, Record<string, unknown>, string]>([
    ['no options', A, {}, 'nosuid,nodev'],
    ['options of the share', `${A} -o vers=4.2,hard`, {}, 'vers=4.2,hard,nosuid,nodev'],
    ['options for all', A, { nfs_mount_options: 'noatime' }, 'noatime,nosuid,nodev'],
    [
      'both',
      `${A} -o hard`,
      { nfs_mount_options: 'noatime, vers=4.2' },
      'noatime,vers=4.2,hard,nosuid,nodev',
    ],
    ['options for all that are empty', `${A} -o hard`, { nfs_mount_options: '' }, 'hard,nosuid,nodev'],
  ])('mounts a share with %s, through the privileged helper', async (_what, line, options, mountOptions) => {
    await start(line, options);
    expect(callsOf('mount')).toEqual([['mount', '-t', 'nfs', '-o', mountOptions, A, pointOf(A)]]);
    expect(commands.calls.map(({ privileged }) => privileged ?? false)).toEqual([true, false]);
  });

  it('mounts where nfs_mount_point_base says', async () => {
    const nfs_mount_point_base = path.join(base, 'elsewhere');
    await start(A, { nfs_mount_point_base });
    expect(mounted.map(({ directory }) => directory)).toEqual([pointOf(A, nfs_mount_point_base)]);
  });

  it('leaves alone what is mounted', async () => {
    mounted.push({ directory: pointOf(A), type: 'nfs4', source: A });
    await mkdir(pointOf(A), { recursive: true });
    await start(A);
    expect(callsOf('mount')).toEqual([]);
  });

  it('goes on with the shares that work', async () => {
    unreachable(A);
    await start(`nonsense\n${A}\n${B}`);
    expect(warnings()).toEqual([
      expect.stringMatching(/^line 1 of .*\/shares is skipped: it expected host:\/volume/),
      expect.stringMatching(
        /^the share a\.example:\/export cannot be used: it cannot be mounted: .*timed out/,
      ),
    ]);
    expect((await createVolume()).providerLocation).toBe(B);
  });

  it.each<[string, string | undefined, RegExp]>([
    ['a shares file that is not there', undefined, /the shares file .*\/shares does not exist; write 'host:/],
    ['no share in it', '# none yet\n\n', /has no share in it/],
    [
      'no line that can be used',
      '/export\n-o ro\n',
      /has no line that can be used \(line 1 expected .*; line 2/,
    ],
    [
      'no share that works',
      A,
      /no share of .*\/shares can be used: a\.example:\/export: it cannot be mounted/,
    ],
  ])('fails with %s, and says what to do', async (_what, lines, message) => {
    unreachable(A);
    if (lines === undefined) backend = await create();
    const starting = lines === undefined ? backend.start(makeContext()) : start(lines);
    expect(await refusal(starting)).toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(message) as string,
    });
  });

  it.each([
    ['suid', /mount option 'suid', which is not allowed/],
    ['hard,', /an empty mount option \(a comma too many\?\)/],
    ['-o hard', /begins with '-'/],
  ])('refuses the mount options %j', async (nfs_mount_options, message) => {
    const error = await refusal(create({ nfs_mount_options }));
    expect([error.code, error.message]).toEqual(['invalid-input', expect.stringMatching(message)]);
  });
});

describe('a volume', () => {
  it('is a file in the mount point that no command has touched', async () => {
    await start(A);
    const volume = await createVolume();
    const file = await stat(path.join(pointOf(A), FILE));
    expect([volume.providerLocation, volume.providerMetadata]).toEqual([A, { format: 'raw' }]);
    expect([file.size, file.blocks, file.mode & 0o777]).toEqual([MIB, 0, 0o660]);
    const larger = applyUpdate(volume, await backend.driver.extendVolume(makeContext(), volume, 2 * MIB));
    await backend.driver.deleteVolume(makeContext(), larger);
    expect([await names(A), callsOf('qemu-img')]).toEqual([[], [['qemu-img', '--version']]]);
  });

  it('is for everyone only with nas_secure_file_permissions false', async () => {
    await start(A, { nas_secure_file_permissions: 'false' });
    await createVolume();
    expect((await stat(path.join(pointOf(A), FILE))).mode & 0o777).toBe(0o666);
  });

  it('takes all of its room without nfs_sparsed_volumes', async () => {
    await start(A, { nfs_sparsed_volumes: false });
    await createVolume();
    expect((await stat(path.join(pointOf(A), FILE))).blocks * BLOCK_BYTES).toBe(MIB);
    expect((await backend.driver.stats(makeContext())).pools[0]!.thinProvisioning).toBe(false);
  });

  it('is made by qemu-img with nfs_qcow2_volumes', async () => {
    await start(A, { nfs_qcow2_volumes: true, volume_name_template: 'vol.%s' });
    const volume = await createVolume();
    const temporary = path.join(pointOf(A), '.scoria', 'tmp', `${V}.create`);
    expect(callsOf('qemu-img', 'create')).toEqual([
      ['qemu-img', 'create', '-q', '-f', 'qcow2', '--', temporary, String(MIB)],
    ]);
    expect([await names(A), volume.providerMetadata]).toEqual([[`vol.${V}`], { format: 'qcow2' }]);
  });

  it('on a share that has gone is unavailable, by the name of the share', async () => {
    await start(`${A}\n${B}`);
    const volume = { ...(await createVolume()), providerLocation: 'gone.example:/export' };
    const error = await refusal(backend.driver.extendVolume(makeContext(), volume, 2 * MIB));
    expect([error.code, error.message]).toEqual([
      'unavailable',
      expect.stringMatching(
        /"gone\.example:\/export" is not one of this backend's .* add it to the shares file/,
      ),
    ]);
  });

  it('that was unmounted behind the driver is mounted again before it is used', async () => {
    await start(A);
    const volume = await createVolume();
    mounted = [];
    await backend.driver.extendVolume(makeContext(), volume, 2 * MIB);
    expect(callsOf('mount')).toHaveLength(2);
  });
});

describe('a snapshot', () => {
  it('is an overlay whose backing file is named by its plain name and format', async () => {
    await start(A);
    await takeSnapshot(await createVolume());
    const overlay = path.join(pointOf(A), `${FILE}.${S}`);
    expect(callsOf('qemu-img', 'create')).toEqual([
      ['qemu-img', 'create', '-q', '-f', 'qcow2', '-u', '-b', FILE, '-F', 'raw', '--', overlay, String(MIB)],
    ]);
    expect(await names(A)).toEqual([FILE, `${FILE}.${S}`, `${FILE}.info`]);
  });
});

describe('a connection', () => {
  it.each<[string, string, string | undefined, object]>([
    ['none', A, undefined, {}],
    ['those of the share', `${A} -o vers=4.2,hard`, undefined, { options: '-o vers=4.2,hard' }],
    ['those for all', A, 'noatime', { options: '-o noatime' }],
    ['both', `${A} -o hard`, 'noatime,vers=4.2', { options: '-o noatime,vers=4.2,hard' }],
    ['those of the share, where those for all are empty', `${A} -o hard`, '', { options: '-o hard' }],
  ])('names export, file and format, and of the mount options %s', async (_what, line, text, options) => {
    await start(line, text === undefined ? {} : { nfs_mount_options: text });
    const volume = await createVolume();
    const connect = async (): Promise<unknown> =>
      backend.driver.initializeConnection(makeContext(), volume, { host: 'compute-1' });
    const common = { driver_volume_type: 'nfs', mount_point_base: path.dirname(pointOf(A)) };
    expect(await connect()).toEqual({
      ...common,
      data: { export: A, name: FILE, format: 'raw', ...options },
    });
    await takeSnapshot(volume);
    expect(await connect()).toEqual({
      ...common,
      data: { export: A, name: `${FILE}.${S}`, format: 'qcow2', ...options },
    });
  });

  it.each([{}, { host: '' }])('is refused to the connector %j', async (connector) => {
    await start(A);
    const volume = await createVolume();
    const { code } = await refusal(
      backend.driver.initializeConnection(makeContext(), volume, connector as never),
    );
    expect(code).toBe('invalid-connector');
  });
});

describe('room', () => {
  it('is a pool for each share', async () => {
    await start(`${A}\n${B}`, { reserved_percentage: 5 });
    const { providerLocation } = await createVolume();
    const { pools, ...identity } = await backend.driver.stats(makeContext());
    expect(identity).toEqual({ vendorName: 'Scoria', storageProtocol: 'nfs' });
    expect(pools.map(({ name, provisionedBytes }) => [name, provisionedBytes])).toEqual(
      [A, B].map((share) => [share, share === providerLocation ? MIB : 0]),
    );
    expect(pools.map(({ reservedPercentage }) => reservedPercentage)).toEqual([5, 5]);
  });

  it.each<[string, Record<string, unknown>]>([
    ['all is reserved', { reserved_percentage: 100 }],
    ['all is reserved from thick volumes', { reserved_percentage: 100, nfs_sparsed_volumes: false }],
    ['more is promised than the ratio allows', { max_over_subscription_ratio: 1 }],
  ])('is not given out when %s', async (_what, options) => {
    await start(`${A}\n${B}`, options);
    const [pool] = (await backend.driver.stats(makeContext())).pools;
    const { code } = await refusal(createVolume({ sizeBytes: pool!.totalBytes + MIB }));
    expect([code, await names(A), await names(B)]).toEqual(['no-space', [], []]);
  });
});

it('puts every share in order at a new start', async () => {
  await start(`${A}\n${B}`);
  const base = { file: FILE, format: 'raw', virtualBytes: MIB } as const;
  const plan: Plan = planCreateSnapshot(new FileNames('volume-%s'), V, S, undefined, base);
  for (const share of [A, B]) {
    await mkdir(path.join(pointOf(share), '.scoria', 'journal'), { recursive: true });
    await writeFile(path.join(pointOf(share), FILE), Buffer.alloc(MIB));
    await writeFile(path.join(pointOf(share), `${FILE}.${S}`), 'half an overlay');
    const entry = path.join(pointOf(share), '.scoria', 'journal', `${V}.json`);
    await writeFile(entry, `${JSON.stringify({ version: 1, plan })}\n`);
  }
  await start(`${A}\n${B}`);
  for (const share of [A, B]) {
    expect([await names(share), await names(share, '.scoria', 'journal')]).toEqual([[FILE], []]);
  }
  expect(warnings()).toHaveLength(2);
});
