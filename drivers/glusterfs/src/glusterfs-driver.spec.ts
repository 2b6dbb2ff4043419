import type { Backend, CommandRequest, Volume } from '@scoria/core';
import { applyUpdate, checkPlugin, Container, ContainerModule, createBackend } from '@scoria/core';
import { isDriverError, MIB } from '@scoria/core';
import { MountTable } from '@scoria/remotefs';
import { FakeCommandRunner, fakePorts, makeContext, makeVolume, MemoryLogger } from '@scoria/testkit';
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import plugin from './index.js';

const V = '0f5a2f2e-7a1c-4b7e-8b0c-000000000001';
const FILE = `volume-${V}`;
const A = 'a.example:/volumes';
const B = 'b.example:/volumes/cinder';
const OWN =
  'entry-timeout=0,attribute-timeout=0,direct-io-mode=enable,xlator-option=*-client-*.event-threads=32';
const BLOCK_BYTES = 512;

let base: string;
let sharesFile: string;
/** What is mounted; in the place of the kernel's own table. */
let mounted: { directory: string; type: string; source: string }[];
let commands: FakeCommandRunner;
let logger: MemoryLogger;
let backend: Backend;

beforeEach(async () => {
  base = await realpath(await mkdtemp(path.join(tmpdir(), 'scoria-glusterfs-driver-')));
  sharesFile = path.join(base, 'shares');
  mounted = [];
  logger = new MemoryLogger();
  commands = new FakeCommandRunner()
    .when(['qemu-img', '--version'], { stdout: 'qemu-img version 7.2.0\n' })
    .when(['qemu-img', 'create'], createImage)
    .when('mount', mount)
    .when('chmod', async ({ args }) => chmod(args[1]!, 0o770).then(() => ({})));
});
afterEach(() => rm(base, { recursive: true }));

/** What mount.glusterfs does, as far as the table shows it: the files are in the mount point itself. */
async function mount({ args }: CommandRequest): Promise<object> {
  const [directory = '', source = ''] = [...args].reverse();
  await chmod(directory, 0o755);
  mounted.push({ directory, type: 'fuse.glusterfs', source });
  return {};
}

/** What qemu-img leaves on disk, as far as a size is looked for. */
async function createImage({ args }: CommandRequest): Promise<object> {
  const [file = '', size = ''] = args.slice(args.indexOf('--') + 1);
  const header = Buffer.alloc(104);
  header.write('QFI\xfb', 'latin1');
  header.writeUInt32BE(3, 4);
  header.writeBigUInt64BE(BigInt(size), 24);
  await writeFile(file, header);
  return {};
}

function unreachable(share: string): void {
  commands.when(({ command, args }) => command === 'mount' && args.includes(share), {
    exitCode: 1,
    stderr: 'Mount failed. Check the log file for more details.',
  });
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
      name: 'gluster',
      options: { glusterfs_shares_config: sharesFile, ...options },
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

function pointOf(share: string, mountPointBase = path.join(base, 'state', 'gluster', 'mnt')): string {
  return path.join(mountPointBase, createHash('md5').update(share).digest('hex'));
}

async function createVolume(overrides: Partial<Volume> = {}): Promise<Volume> {
  const volume = makeVolume({ id: V, sizeBytes: MIB, ...overrides });
  const update = await backend.driver.createVolume(makeContext(), volume);
  return { ...applyUpdate(volume, update), status: 'available' };
}

async function names(share: string): Promise<string[]> {
  const found = await readdir(pointOf(share)).catch(() => []);
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
  expect(plugin.name).toBe('glusterfs');
});

describe('the start', () => {
  it.each<[string, string, Record<string, unknown>, string]>([
    ['no options', A, {}, 'nosuid,nodev'],
    [
      'a server to fall back on',
      `${A} -o backupvolfile-server=b.example`,
      {},
      'backupvolfile-server=b.example,nosuid,nodev',
    ],
    [
      'several of them',
      `${A} -o backup-volfile-servers=b.example:c.example,acl`,
      {},
      'backup-volfile-servers=b.example:c.example,acl,nosuid,nodev',
    ],
    [
      'options for all',
      A,
      { glusterfs_mount_options: 'noatime, log-level=ERROR' },
      'noatime,log-level=ERROR,nosuid,nodev',
    ],
    ['both', `${A} -o acl`, { glusterfs_mount_options: 'noatime' }, 'noatime,acl,nosuid,nodev'],
  ])('mounts a share with %s, through the privileged helper', async (_what, line, options, mountOptions) => {
    await start(line, options);
    expect(callsOf('mount')).toEqual([
      ['mount', '-t', 'glusterfs', '-o', `${OWN},${mountOptions}`, A, pointOf(A)],
    ]);
    const privileged = commands.calls.filter(({ command }) => command !== 'qemu-img');
    expect(privileged.every((call) => call.privileged)).toBe(true);
  });

  it('lets the group of the service write on a share', async () => {
    await start(A);
    expect(callsOf('chgrp')).toEqual([]); // the directories are its own already
    expect(callsOf('chmod')).toEqual([['chmod', 'g+w', pointOf(A)]]);
  });

  it.each(['a.example:/volumes', 'a.example:volumes', 'a.example:/volumes/'])(
    'leaves alone what is mounted as %s',
    async (source) => {
      mounted.push({ directory: pointOf(A), type: 'fuse.glusterfs', source });
      await mkdir(pointOf(A), { recursive: true });
      await start(A);
      expect(callsOf('mount')).toEqual([]);
    },
  );

  it('does not take the mount of another volume for the share', async () => {
    mounted.push({ directory: pointOf(A), type: 'fuse.glusterfs', source: 'a.example:/others' });
    expect((await refusal(start(A))).message).toMatch(
      /a\.example:\/others \(fuse\.glusterfs\) is mounted on/,
    );
  });

  it('mounts where glusterfs_mount_point_base says', async () => {
    const glusterfs_mount_point_base = path.join(base, 'elsewhere');
    await start(A, { glusterfs_mount_point_base });
    expect(mounted.map(({ directory }) => directory)).toEqual([pointOf(A, glusterfs_mount_point_base)]);
  });

  it('goes on with the shares that work', async () => {
    unreachable(A);
    await start(`nonsense\n${A}\n${B}`);
    expect(warnings()).toEqual([
      expect.stringMatching(/^line 1 of .*\/shares is skipped: it expected host:\/volume/),
      expect.stringMatching(/^the share a\.example:\/volumes cannot be used: it cannot be .*Mount failed/),
    ]);
    expect((await createVolume()).providerLocation).toBe(B);
  });

  it.each<[string, string | undefined, RegExp]>([
    ['a shares file that is not there', undefined, /the shares file .*\/shares does not exist; write 'host:/],
    ['no share in it', '# none yet\n\n', /has no share in it/],
    ['no line that can be used', '/volumes\n-o ro\n', /has no line that can be used \(line 1 .*; line 2/],
    ['no share that works', A, /no share of .*\/shares can be used: a\.example:\/volumes: it cannot/],
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
    ['acl,', /an empty mount option \(a comma too many\?\)/],
    ['-o acl', /begins with '-'/],
    ['log-file=/etc/passwd', /mount option 'log-file', which is not allowed/],
  ])('refuses the mount options %j', async (glusterfs_mount_options, message) => {
    const error = await refusal(create({ glusterfs_mount_options }));
    expect([error.code, error.message]).toEqual(['invalid-input', expect.stringMatching(message)]);
  });
});

it.each<[string, RegExp]>([
  ['a.example:/v -o log-file=/etc/cron.d/x', /line 1 has the mount option 'log-file', which is not allowed/],
  ['a.example:/v -o acl,dump-fuse=/etc/x', /mount option 'dump-fuse'/],
  ['a.example:/v -o fuse-mountopts=suid', /mount option 'fuse-mountopts'/],
  ['a.example:/v -o xlator-option=x', /mount option 'xlator-option'/],
  ['a.example:/v -o volume-id=/other', /mount option 'volume-id'/],
  ['a.example:/v -o Log-File=/etc/x', /mount option 'log-file'/],
  ['a.example:/v -o suid', /mount option 'suid'/],
  ['a.example:/v\\040--log-file=/etc/x', /expected host:\/volume or host:\/volume\/directory, but found/],
  ['a.example:/*', /expected host:\/volume or host/],
  ['a.example://v', /expected host:\/volume or host/],
  ['a.example:/', /expected host:\/volume or host/],
  ['a.example:/v;x', /expected host:\/volume or host/],
  ['[2001:db8::1]:/v', /has an address in brackets, which mount\.glusterfs does not take; name the server/],
])('runs nothing for the line %j', async (line, message) => {
  expect((await refusal(start(line))).message).toMatch(message);
  expect(commands.calls).toEqual([]);
});

describe('a volume', () => {
  it('is a file in the mount point that no command has touched', async () => {
    await start(A);
    const volume = await createVolume();
    const file = await stat(path.join(pointOf(A), FILE));
    expect([volume.providerLocation, volume.providerMetadata]).toEqual([A, { format: 'raw' }]);
    expect([file.size, file.blocks, file.mode & 0o777]).toEqual([MIB, 0, 0o660]);
  });

  it('takes all of its room without glusterfs_sparsed_volumes', async () => {
    await start(A, { glusterfs_sparsed_volumes: false });
    await createVolume();
    expect((await stat(path.join(pointOf(A), FILE))).blocks * BLOCK_BYTES).toBe(MIB);
    expect((await backend.driver.stats(makeContext())).pools[0]!.thinProvisioning).toBe(false);
  });

  it('is made by qemu-img with glusterfs_qcow2_volumes', async () => {
    await start(A, { glusterfs_qcow2_volumes: true });
    const volume = await createVolume();
    expect(callsOf('qemu-img', 'create')).toHaveLength(1);
    expect([await names(A), volume.providerMetadata]).toEqual([[FILE], { format: 'qcow2' }]);
  });

  it('that was unmounted behind the driver is mounted again before it is used', async () => {
    await start(A);
    const volume = await createVolume();
    mounted = [];
    await backend.driver.extendVolume(makeContext(), volume, 2 * MIB);
    expect(callsOf('mount')).toHaveLength(2);
  });
});

describe('a connection', () => {
  it.each<[string, string, string | undefined, object]>([
    ['none', A, undefined, {}],
    ['those of the share', `${A} -o acl`, undefined, { options: '-o acl' }],
    ['those for all', A, 'noatime', { options: '-o noatime' }],
    [
      'both',
      `${A} -o backupvolfile-server=b.example`,
      'acl,noatime',
      { options: '-o acl,noatime,backupvolfile-server=b.example' },
    ],
    ['those of the share, where those for all are empty', `${A} -o acl`, '', { options: '-o acl' }],
  ])('names export, file and format, and of the mount options %s', async (_what, line, text, options) => {
    await start(line, text === undefined ? {} : { glusterfs_mount_options: text });
    const volume = await createVolume();
    expect(await backend.driver.initializeConnection(makeContext(), volume, { host: 'compute-1' })).toEqual({
      driver_volume_type: 'glusterfs',
      data: { export: A, name: FILE, format: 'raw', ...options },
      mount_point_base: path.dirname(pointOf(A)),
    });
  });

  it('keeps the options of the share when the backend is started again', async () => {
    await start(`${A} -o acl`);
    const volume = await createVolume();
    await backend.stop(makeContext());
    await start(`${A} -o acl`);
    const { data } = await backend.driver.initializeConnection(makeContext(), volume, { host: 'compute-1' });
    expect(data.options).toBe('-o acl');
    expect(callsOf('mount')).toHaveLength(1);
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
    expect(identity).toEqual({ vendorName: 'Scoria', storageProtocol: 'glusterfs' });
    expect(pools.map(({ name, provisionedBytes }) => [name, provisionedBytes])).toEqual(
      [A, B].map((share) => [share, share === providerLocation ? MIB : 0]),
    );
    expect(pools.map(({ reservedPercentage }) => reservedPercentage)).toEqual([5, 5]);
  });

  it('is not given out when all is reserved', async () => {
    await start(`${A}\n${B}`, { reserved_percentage: 100 });
    expect((await refusal(createVolume())).code).toBe('no-space');
    expect([await names(A), await names(B)]).toEqual([[], []]);
  });
});

it("has Cinder's volumes on a share adopted under the name of the share", async () => {
  await start(A);
  await writeFile(path.join(pointOf(A), FILE), Buffer.alloc(MIB));
  const found = [];
  for await (const volume of backend.driver.findAdoptable(makeContext())) found.push(volume);
  expect(found).toEqual([
    expect.objectContaining({ id: V, providerLocation: A, snapshots: [], problems: [] }) as object,
  ]);
});
