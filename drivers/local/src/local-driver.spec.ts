import type { Backend, CommandRequest, Snapshot, Volume } from '@scoria/core';
import { applyUpdate, checkPlugin, Container, createBackend, isDriverError, MIB } from '@scoria/core';
import type { ChainInfo, Plan } from '@scoria/remotefs';
import { FileNames, formatInfo, planCreateSnapshot, planDeleteVolume } from '@scoria/remotefs';
import { FakeCommandRunner, fakePorts, makeContext, makeSnapshot, makeVolume } from '@scoria/testkit';
import { MemoryLogger, openAndRead, openAndWrite } from '@scoria/testkit';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import plugin from './index.js';

const V = '0f5a2f2e-7a1c-4b7e-8b0c-000000000001';
const S1 = '0f5a2f2e-7a1c-4b7e-8b0c-000000000011';
const S2 = '0f5a2f2e-7a1c-4b7e-8b0c-000000000012';
const FILE = `volume-${V}`;
const BLOCK_BYTES = 512;

let directory: string;
let commands: FakeCommandRunner;
let logger: MemoryLogger;
let backend: Backend;

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'scoria-local-driver-'));
  logger = new MemoryLogger();
  commands = new FakeCommandRunner()
    .when(['qemu-img', '--version'], { stdout: 'qemu-img version 7.2.0\n' })
    .when(['qemu-img', 'create'], createImage)
    .when(['qemu-img', 'resize'], resizeImage)
    .when(['qemu-img', 'commit'])
    .when(['qemu-img', 'rebase']);
});
afterEach(() => rm(directory, { recursive: true }));

async function create(options: Readonly<Record<string, unknown>> = {}): Promise<Backend> {
  const root = new Container();
  root.load(fakePorts({ commandRunner: commands, logger }));
  return createBackend(root, plugin, {
    name: 'local',
    options: { local_volumes_path: directory, ...options },
    stateDirectory: path.join(directory, 'state'),
  });
}

async function start(options: Readonly<Record<string, unknown>> = {}): Promise<Backend> {
  backend = await create(options);
  await backend.start(makeContext({ logger }));
  commands.calls.splice(0);
  return backend;
}

/** What qemu-img leaves on disk, as far as anyone looks: a header, and tables without entries. */
async function createImage({ args }: CommandRequest): Promise<object> {
  const [file = '', size = ''] = args.slice(args.indexOf('--') + 1);
  const backing = args.includes('-b') ? args[args.indexOf('-b') + 1] : undefined;
  const format = args.includes('-F') ? args[args.indexOf('-F') + 1] : undefined;
  await writeFile(file, qcow2(Number(size), backing, format));
  return {};
}

async function resizeImage({ args }: CommandRequest): Promise<object> {
  const [graph = '', size = ''] = args.slice(args.indexOf('--') + 1);
  const { file } = JSON.parse(graph.slice('json:'.length)) as { file: { filename: string } };
  await writeFile(file.filename, qcow2(Number(size)));
  return {};
}

/** A qcow2 file of version 3 with header, refcount table and L1 table, in clusters of 64 KiB. */
function qcow2(sizeBytes: number, backing?: string, backingFormat = ''): Buffer {
  const cluster = 2 ** 16;
  const image = Buffer.alloc(3 * cluster);
  image.write('QFI\xfb', 'latin1');
  image.writeUInt32BE(3, 4);
  image.writeUInt32BE(16, 20);
  image.writeBigUInt64BE(BigInt(sizeBytes), 24);
  image.writeUInt32BE(Math.ceil(sizeBytes / (cluster * (cluster / 8))), 36);
  image.writeBigUInt64BE(BigInt(2 * cluster), 40);
  image.writeBigUInt64BE(BigInt(cluster), 48);
  image.writeUInt32BE(1, 56);
  image.writeUInt32BE(4, 96);
  image.writeUInt32BE(104, 100);
  if (backing === undefined) return image;
  image.writeUInt32BE(0xe2792aca, 104);
  image.writeUInt32BE(backingFormat.length, 108);
  image.write(backingFormat, 112);
  image.writeBigUInt64BE(200n, 8);
  image.writeUInt32BE(backing.length, 16);
  image.write(backing, 200);
  return image;
}

async function createVolume(overrides: Partial<Volume> = {}): Promise<Volume> {
  const volume = makeVolume({ id: V, sizeBytes: MIB, ...overrides });
  const update = await backend.driver.createVolume(makeContext(), volume);
  return { ...applyUpdate(volume, update), status: 'available' };
}

async function takeSnapshot(volume: Volume, id: string): Promise<Snapshot> {
  const snapshot = makeSnapshot(volume, { id });
  return applyUpdate(snapshot, await backend.driver.createSnapshot(makeContext(), snapshot));
}

/** The names on the share: of volumes, or in one of the work directories. */
async function names(...inside: string[]): Promise<string[]> {
  const found = await readdir(path.join(directory, ...inside)).catch(() => []);
  return found.filter((name) => !name.startsWith('.')).sort();
}

async function infoOf(name = `${FILE}.info`): Promise<unknown> {
  return JSON.parse(await readFile(path.join(directory, name), 'utf8')) as unknown;
}

async function refusal(work: Promise<unknown>): Promise<{ code: string; message: string }> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (isDriverError(error)) return error;
  throw new Error(`expected a DriverError, got ${String(error)}`);
}

describe('the plugin', () => {
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

  it('makes its directory at the start, and asks for qemu-img', async () => {
    const missing = path.join(directory, 'not', 'there');
    backend = await create({ local_volumes_path: missing });
    await backend.start(makeContext());
    expect((await stat(missing)).isDirectory()).toBe(true);
    expect(commands.lines).toEqual(['qemu-img --version']);
  });

  it('does not start without qemu-img', async () => {
    commands = new FakeCommandRunner();
    const { code, message } = await refusal(start());
    expect(code).toBe('unavailable');
    expect(message).toMatch(/qemu-img/);
  });

  it('takes a relative path from the working directory', async () => {
    await start({ local_volumes_path: path.relative(process.cwd(), directory) });
    expect((await createVolume()).providerLocation).toBe(directory);
  });

  it.each(['volume', '../%s', '%s/%s', '%s.info', '.%s'])(
    'refuses the name template %j',
    async (template) => {
      const { code, message } = await refusal(create({ volume_name_template: template }));
      expect(code).toBe('invalid-input');
      expect(message).toMatch(/^volume_name_template must/);
    },
  );
});

describe('a raw volume', () => {
  it('is created, extended and deleted without any command', async () => {
    await start();
    const volume = await createVolume();
    expect([volume.providerLocation, volume.providerMetadata]).toEqual([directory, { format: 'raw' }]);
    expect((await stat(path.join(directory, FILE))).size).toBe(MIB);
    const update = await backend.driver.extendVolume(makeContext(), volume, 2 * MIB);
    expect(update).toEqual({ sizeBytes: 2 * MIB });
    expect((await stat(path.join(directory, FILE))).size).toBe(2 * MIB);
    await backend.driver.deleteVolume(makeContext(), applyUpdate(volume, update));
    expect([await names(), await names('.scoria', 'tmp'), commands.lines]).toEqual([[], [], []]);
  });

  it('keeps what is written to it', async () => {
    await start();
    const volume = await createVolume();
    await openAndWrite(backend.driver, makeContext(), volume, 4096, Buffer.from('words'));
    const read = await openAndRead(backend.driver, makeContext(), volume, { offset: 4095, length: 7 });
    expect(read.toString()).toBe('\0words\0');
  });

  it.each([
    [false, 0, 0],
    [true, MIB, 2 * MIB],
  ])('with local_volume_preallocated %s takes its room at once', async (preallocated, created, grown) => {
    await start({ local_volume_preallocated: preallocated });
    const room = async (): Promise<number> => (await stat(path.join(directory, FILE))).blocks * BLOCK_BYTES;
    const volume = await createVolume();
    expect(await room()).toBe(created);
    await backend.driver.extendVolume(makeContext(), volume, 2 * MIB);
    expect(await room()).toBe(grown);
  });

  it.each<[string, string]>([
    ['volume-%s', FILE],
    ['vol.%s', `vol.${V}`],
    ['%s-disk', `${V}-disk`],
  ])('has the name that the template %s gives', async (template, file) => {
    await start({ volume_name_template: template });
    await createVolume();
    expect(await names()).toEqual([file]);
  });

  it.each<[string | boolean, number]>([
    ['auto', 0o660],
    ['true', 0o660],
    [true, 0o660],
    ['false', 0o666],
    [false, 0o666],
  ])('with nas_secure_file_permissions %j has its mode', async (secure, mode) => {
    await start({ nas_secure_file_permissions: secure });
    await takeSnapshot(await createVolume(), S1);
    for (const name of [FILE, `${FILE}.${S1}`, `${FILE}.info`]) {
      expect([name, (await stat(path.join(directory, name))).mode & 0o777]).toEqual([name, mode]);
    }
  });
});

describe('a qcow2 volume', () => {
  it.each([
    [false, []],
    [true, ['-o', 'preallocation=falloc']],
  ])('with local_volume_preallocated %s is made by qemu-img', async (preallocated, options) => {
    await start({ local_volume_format: 'qcow2', local_volume_preallocated: preallocated });
    const volume = await createVolume();
    const temporary = path.join(directory, '.scoria', 'tmp', `${V}.create`);
    expect(volume.providerMetadata).toEqual({ format: 'qcow2' });
    expect(commands.calls.map(({ command, args }) => [command, ...args])).toEqual([
      ['qemu-img', 'create', '-q', '-f', 'qcow2', ...options, '--', temporary, String(MIB)],
    ]);
    expect(await names()).toEqual([FILE]);
  });

  it('is extended in a graph in which its format is named', async () => {
    await start({ local_volume_format: 'qcow2' });
    const volume = await createVolume();
    commands.calls.splice(0);
    await backend.driver.extendVolume(makeContext(), volume, 2 * MIB);
    const [command, flag, dashes, graph = '', size] = commands.calls[0]!.args;
    expect([command, flag, dashes, size]).toEqual(['resize', '-q', '--', String(2 * MIB)]);
    expect(JSON.parse(graph.slice('json:'.length))).toMatchObject({
      driver: 'qcow2',
      backing: null,
      file: { driver: 'file', filename: path.join(directory, FILE) },
    });
  });
});

describe('a snapshot', () => {
  it('is an overlay for which qemu-img opens nothing, and a record', async () => {
    await start();
    const volume = await createVolume();
    await takeSnapshot(volume, S1);
    await takeSnapshot(volume, S2);
    const overlay = (id: string): string => path.join(directory, `${FILE}.${id}`);
    const create = ['qemu-img', 'create', '-q', '-f', 'qcow2', '-u', '-b'];
    expect(commands.calls.map(({ command, args }) => [command, ...args])).toEqual([
      [...create, FILE, '-F', 'raw', '--', overlay(S1), String(MIB)],
      [...create, `${FILE}.${S1}`, '-F', 'qcow2', '--', overlay(S2), String(MIB)],
    ]);
    expect(commands.calls.map(({ privileged }) => privileged ?? false)).toEqual([false, false]);
    expect(await infoOf()).toEqual({
      active: `${FILE}.${S2}`,
      [S1]: `${FILE}.${S1}`,
      [S2]: `${FILE}.${S2}`,
    });
  });

  it('is merged into the file below, and those above are pointed there, with formats named', async () => {
    await start();
    const volume = await createVolume();
    const first = await takeSnapshot(volume, S1);
    await takeSnapshot(volume, S2);
    commands.calls.splice(0);
    await backend.driver.deleteSnapshot(makeContext(), first);
    const [commit, rebase] = commands.calls.map(({ args }) => args);
    expect(commit!.slice(0, -1)).toEqual(['commit', '-q', '-d', '-t', 'writeback', '--']);
    expect(JSON.parse(commit!.at(-1)!.slice('json:'.length))).toMatchObject({
      driver: 'qcow2',
      file: { filename: path.join(directory, `${FILE}.${S1}`) },
      backing: { driver: 'raw', file: { filename: path.join(directory, FILE) } },
    });
    const above = path.join(directory, `${FILE}.${S2}`);
    expect(rebase).toEqual(['rebase', '-q', '-u', '-f', 'qcow2', '-b', FILE, '-F', 'raw', '--', above]);
    expect(await names()).toEqual([FILE, `${FILE}.${S2}`, `${FILE}.info`]);
    expect(await infoOf()).toEqual({ active: `${FILE}.${S2}`, [S2]: `${FILE}.${S2}` });
  });

  it('of a volume in use is refused where there is nobody to tell the guest', async () => {
    await start();
    const attachments = [{ id: S2, host: 'elsewhere', monitor: '/run/guest.sock' }];
    const volume = { ...(await createVolume()), status: 'in-use', attachments } as const;
    const { code, message } = await refusal(takeSnapshot(volume, S1));
    expect([code, commands.lines]).toEqual(['not-supported', []]);
    expect(message).toContain('in use on elsewhere');
    expect([await names(), await names('.scoria', 'journal')]).toEqual([[FILE], []]);
  });

  it('that qemu-img could not make leaves nothing behind', async () => {
    await start();
    const volume = await createVolume();
    commands.when(['qemu-img', 'create'], { exitCode: 1, stderr: 'no' });
    expect((await refusal(takeSnapshot(volume, S1))).code).toBe('failed');
    expect([await names(), await names('.scoria', 'journal')]).toEqual([[FILE], []]);
  });
});

describe('a connection', () => {
  it('names the active file and its format', async () => {
    await start();
    const volume = await createVolume();
    const connect = async (): Promise<unknown> =>
      backend.driver.initializeConnection(makeContext(), volume, { host: 'compute-1' });
    expect(await connect()).toEqual({
      driver_volume_type: 'local',
      data: { device_path: path.join(directory, FILE), name: FILE, format: 'raw' },
    });
    await takeSnapshot(volume, S1);
    const overlay = `${FILE}.${S1}`;
    expect(await connect()).toEqual({
      driver_volume_type: 'local',
      data: { device_path: path.join(directory, overlay), name: overlay, format: 'qcow2' },
    });
  });

  it.each([{}, { host: '' }, { host: 7 }])('is refused to the connector %j', async (connector) => {
    await start();
    const volume = await createVolume();
    const connect = backend.driver.initializeConnection(makeContext(), volume, connector as never);
    const { code, message } = await refusal(connect);
    expect([code, message]).toEqual(['invalid-connector', expect.stringMatching(/has no 'host'/)]);
  });

  it('is refused where the file is larger than the volume', async () => {
    await start();
    const volume = await createVolume();
    await truncate(path.join(directory, FILE), 2 * MIB);
    const { code } = await refusal(
      backend.driver.initializeConnection(makeContext(), volume, { host: 'compute-1' }),
    );
    expect(code).toBe('unsafe-image');
  });
});

describe('room', () => {
  it('is reported as one pool, named after the directory', async () => {
    await start({ reserved_percentage: 10, max_over_subscription_ratio: 3 });
    await createVolume();
    const { pools, ...identity } = await backend.driver.stats(makeContext());
    expect(identity).toEqual({ vendorName: 'Scoria', storageProtocol: 'local' });
    expect(pools).toEqual([
      {
        name: directory,
        totalBytes: expect.any(Number) as number,
        freeBytes: expect.any(Number) as number,
        provisionedBytes: MIB,
        reservedPercentage: 10,
        maxOverSubscriptionRatio: 3,
        thinProvisioning: true,
      },
    ]);
  });

  it.each<[string, Record<string, unknown>, number]>([
    ['all is reserved', { reserved_percentage: 100 }, 0],
    ['all is reserved from thick volumes', { reserved_percentage: 100, local_volume_preallocated: true }, 0],
    ['more is asked for than there is', { max_over_subscription_ratio: 1 }, 1],
    ['more is promised than the ratio allows', { max_over_subscription_ratio: 2.5 }, 2.5],
  ])('is not given out when %s', async (_what, options, share) => {
    await start(options);
    const [pool] = (await backend.driver.stats(makeContext())).pools;
    const sizeBytes = Math.ceil((pool!.totalBytes * share) / MIB) * MIB + MIB;
    const { code, message } = await refusal(createVolume({ sizeBytes }));
    expect([code, message]).toEqual(['no-space', expect.stringMatching(/the largest volume that fits is/)]);
    expect(await names()).toEqual([]);
  });
});

describe('a new start', () => {
  const layouts = new FileNames('volume-%s');
  const overlay = layouts.overlay(V, S1);
  const withS1: ChainInfo = { active: overlay, snapshots: { [S1]: overlay } };
  const base = { file: FILE, format: 'raw', virtualBytes: MIB } as const;
  const top = { file: overlay, format: 'qcow2', virtualBytes: MIB } as const;
  const snapshotPlan = planCreateSnapshot(layouts, V, S1, undefined, base);
  const deletePlan = planDeleteVolume({
    volumeId: V,
    info: { active: overlay, snapshots: {} },
    layers: [top, base],
  });

  async function plant(where: string, text: string): Promise<void> {
    const file = path.join(directory, '.scoria', where);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text);
  }

  const journal = (plan: Plan): string => `${JSON.stringify({ version: 1, plan })}\n`;

  it.each<[string, string, ChainInfo | undefined, string[]]>([
    ['undoes a snapshot before its record', journal(snapshotPlan), undefined, [FILE]],
    ['keeps a snapshot after its record', journal(snapshotPlan), withS1, [FILE, overlay, `${FILE}.info`]],
    ['finishes the delete of a volume', journal(deletePlan), { active: overlay, snapshots: {} }, []],
    ['takes an entry that was cut off for none', '{"version":1,', withS1, [FILE, overlay, `${FILE}.info`]],
  ])('%s', async (_what, entry, info, left) => {
    await writeFile(path.join(directory, FILE), Buffer.alloc(MIB));
    await writeFile(path.join(directory, overlay), qcow2(MIB, FILE, 'raw'));
    if (info !== undefined) await writeFile(path.join(directory, `${FILE}.info`), formatInfo(info));
    await plant(`journal/${V}.json`, entry);
    await start();
    expect([await names(), await names('.scoria', 'journal')]).toEqual([left, []]);
  });

  it('removes temporary files of volumes, and no others', async () => {
    await plant(`tmp/${V}.create`, 'half');
    await plant('tmp/notes', 'of somebody');
    await start();
    expect(await names('.scoria', 'tmp')).toEqual(['notes']);
  });

  it('says which journal it cannot take, goes on without the volume, and leaves it alone', async () => {
    const foreign = { ...snapshotPlan, undo: [{ kind: 'remove', file: 'volume-of-others' }] } as Plan;
    await writeFile(path.join(directory, 'volume-of-others'), 'data');
    await plant(`journal/${V}.json`, journal(foreign));
    await start();
    const errors = logger.lines.filter(({ level }) => level === 'error').map(({ message }) => message);
    expect(errors).toEqual([
      expect.stringMatching(new RegExp(`${V} could not be put in order: the journal`)),
    ]);
    expect([await names(), await names('.scoria', 'journal')]).toEqual([['volume-of-others'], [`${V}.json`]]);
  });
});
