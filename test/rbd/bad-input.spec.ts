import type { DriverErrorCode, ManageableEntry, Volume } from '@scoria/core';
import { GIB, isDriverError, MIB } from '@scoria/core';
import { collect, makeVolume } from '@scoria/testkit';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { programOf } from '../commands/run-program.js';
import { CephCluster } from '../support/ceph-cluster.js';
import { CephStorage } from './ceph-storage.js';
import { RbdBackend } from './rbd-backend.js';

const run = promisify(execFile);

/** Nobody has to wait longer for a cluster that cannot be used. */
const IMPATIENT = { rados_connect_timeout: 3, rados_connection_retries: 1 };
const NO_KEY = 'AQAAAAAAAAAAABAAAAAAAAAAAAAAAAAAAAAAAA==';

let ceph: CephCluster;
let storage: CephStorage;
let backend: RbdBackend;

beforeAll(async () => {
  ceph = await CephCluster.start({ auth: 'cephx' });
  await ceph.addUser('reader', { mon: 'profile rbd', osd: 'profile rbd-read-only pool=rbd' });
  await ceph.addUser('stranger', { mon: 'profile rbd', osd: 'profile rbd pool=elsewhere' });
  storage = await CephStorage.open(ceph);
  backend = await RbdBackend.start({ confFile: ceph.confFile });
});
afterAll(async () => {
  await backend[Symbol.asyncDispose]();
  await storage[Symbol.asyncDispose]();
  await ceph[Symbol.asyncDispose]();
});
afterEach(async () => {
  const left = [await storage.names(), await storage.journal()];
  await storage.clear();
  expect(left).toEqual([[], []]);
});

async function file(name: string, text: string): Promise<string> {
  const place = path.join(ceph.directory, name);
  await writeFile(place, text);
  return place;
}

/** The cluster's own configuration, with one line changed. */
async function changed(name: string, setting: string, value: string): Promise<string> {
  const lines = (await run('cat', [ceph.confFile])).stdout.split('\n');
  const others = lines.filter((line) => !line.startsWith(`${setting} =`));
  return file(name, [...others, `${setting} = ${value}`, ''].join('\n'));
}

/** What it is refused with: an error of the contract, and nothing else. */
async function refusal(work: Promise<unknown>): Promise<{ code: DriverErrorCode; message: string }> {
  const error: unknown = await work.then(
    () => new Error('it was not refused'),
    (cause: unknown) => cause,
  );
  if (!isDriverError(error)) throw error;
  return { code: error.code, message: error.message };
}

interface Start {
  readonly what: string;
  readonly confFile?: () => Promise<string>;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly code: DriverErrorCode;
  /** What the message names: the object, the reason, and what to do. */
  readonly says: readonly RegExp[];
}

const STARTS: readonly Start[] = [
  {
    what: 'a configuration file that is not there',
    confFile: () => Promise.resolve('/no/such/ceph.conf'),
    code: 'failed',
    says: [/\/no\/such\/ceph\.conf/, /cannot read/, /rbd_ceph_conf/],
  },
  {
    what: 'a configuration file with nonsense in it',
    confFile: () => file('nonsense.conf', '{ "this": ["is", no, ceph.conf }\n]['),
    code: 'failed',
    says: [/nonsense\.conf/, /form of a ceph\.conf/, /rbd_ceph_conf/],
  },
  {
    what: 'an empty configuration file',
    confFile: () => file('empty.conf', ''),
    code: 'failed',
    says: [/empty\.conf/, /no keyring, or no key in it, for client\.admin, or no monitor/, /rbd_ceph_conf/],
  },
  {
    what: 'a monitor that is not there',
    confFile: () => changed('elsewhere.conf', 'mon_host', '127.0.0.1:1'),
    code: 'unavailable',
    says: [/elsewhere\.conf/, /no answer within the time limit/, /is the cluster up/],
  },
  {
    what: 'another pool',
    options: { rbd_pool: 'nö pool' },
    code: 'failed',
    says: [/no pool nö pool/, /check rbd_pool, or make the pool/],
  },
  {
    what: 'a user who has no keyring',
    options: { rbd_user: 'nobody' },
    code: 'failed',
    says: [/client\.nobody/, /rbd_user/],
  },
  {
    what: 'a keyring that is not there',
    confFile: () => changed('no-keyring.conf', 'keyring', '/no/such/keyring'),
    code: 'failed',
    says: [/no-keyring\.conf/, /no keyring, or no key in it, for client\.admin/, /keyring/],
  },
  {
    what: 'a keyring that is none',
    confFile: async () =>
      changed('bad-keyring.conf', 'keyring', await file('bad.keyring', '\0\x01 no [keyring')),
    code: 'failed',
    says: [/bad-keyring\.conf/, /client\.admin/, /keyring/],
  },
  {
    what: "a key that is not the user's",
    confFile: async () =>
      changed(
        'wrong-key.conf',
        'keyring',
        await file('wrong.keyring', `[client.admin]\n\tkey = ${NO_KEY}\n`),
      ),
    code: 'failed',
    says: [/wrong-key\.conf/, /client\.admin/, /key/],
  },
  {
    what: 'a user who may not read the pool',
    options: { rbd_user: 'stranger' },
    code: 'failed',
    says: [/object rbd\/\w+/, /not allowed/, /ceph auth get/],
  },
];

describe('a backend does not start', () => {
  it.each(STARTS.map((start) => [start.what, start] as const))('with %s', async (_, start) => {
    const confFile = (await start.confFile?.()) ?? ceph.confFile;
    await using wrong = await RbdBackend.create({ confFile, options: { ...IMPATIENT, ...start.options } });
    const { code, message } = await refusal(wrong.start());
    expect({ code, message }).toEqual({ code: start.code, message });
    for (const part of start.says) expect(message).toMatch(part);
    expect(message).not.toContain(NO_KEY);
  });

  it('with options that cannot be', async () => {
    const { confFile } = ceph;
    const wrong = { rbd_store_chunk_size: 0, rbd_pool: '', rbd_max_clone_depth: -1, rbd_user_name: 'x' };
    const creation = RbdBackend.create({ confFile, options: wrong });
    await expect(creation).rejects.toThrow(
      /rbd_store_chunk_size[^]*rbd_user_name|rbd_user_name[^]*rbd_store_chunk_size/,
    );
    await using odd = await RbdBackend.create({ confFile, options: { rbd_store_chunk_size: 3 } });
    expect(await refusal(odd.start())).toMatchObject({ code: 'invalid-input' });
  });

  it('where Ceph is not installed, and says what to install', async () => {
    const script = `
      import { Container, createBackend, createContext, Logger } from '@scoria/core';
      import plugin from '@scoria/driver-rbd';
      import { hostModule } from '@scoria/host';
      const root = new Container();
      root.load(hostModule({ log: { level: 'error' } }));
      const configuration = { name: 'rbd', options: { rbd_ceph_conf: process.argv[1] }, stateDirectory: process.argv[2] };
      const backend = await createBackend(root, plugin, configuration);
      const context = createContext({ requestId: 'start', logger: root.get(Logger) });
      const { code, message } = await backend.start(context).catch((error) => error);
      await backend.stop(context);
      console.log(JSON.stringify({ code, message }));
    `;
    const library = (await run('sh', ['-c', 'ldconfig -p | sed -n "s/.*librbd.so.1.* => //p" | head -1']))
      .stdout;
    // A file system of its own, in which the library is an empty file.
    const inside = `mount --bind /dev/null ${library.trim()} && exec "$0" --input-type=module --eval "$@"`;
    const args = ['--mount', 'sh', '-c', inside, process.execPath, script, ceph.confFile, ceph.directory];
    const { stdout } = await run('unshare', args, { cwd: programOf('test'), timeout: 60_000 });
    expect(JSON.parse(stdout)).toEqual({
      code: 'unavailable',
      message: expect.stringMatching(/librbd.*install/) as string,
    });
  });
});

describe('a user who may only read', () => {
  it('is told so by each operation that changes something, and nothing is changed', async () => {
    const volume = await backend.createVolume(MIB);
    const snapshot = await backend.snapshot(volume);
    const other = await backend.createVolume(MIB);
    const before = await storage.names();
    {
      const options = { ...IMPATIENT, rbd_user: 'reader' };
      await using reader = await RbdBackend.start({ confFile: ceph.confFile, options });
      const refused = [
        () => reader.createVolume(MIB),
        () => reader.clone(volume),
        () => reader.volumeOf(snapshot),
        () => reader.snapshot(volume),
        () => reader.extend(volume, 2 * MIB),
        () => reader.write(volume, 0, Buffer.alloc(512, 1)),
        () => reader.deleteSnapshot(snapshot),
        () => reader.deleteVolume(other),
      ];
      for (const operation of refused) {
        const { code, message } = await refusal(operation());
        expect([code, message]).toEqual([
          'failed',
          expect.stringMatching(/not allowed: check the user's key/),
        ]);
      }
      expect((await reader.read(volume)).equals(Buffer.alloc(MIB))).toBe(true);
      expect(await reader.driver.stats(reader.context())).toMatchObject({ pools: [{ name: 'rbd' }] });
    }
    expect(await storage.names()).toEqual(before);
    expect(await storage.journal()).toEqual([]);
    await backend.deleteSnapshot(snapshot);
    await backend.deleteVolume(volume);
    await backend.deleteVolume(other);
  });
});

/** Characters that shells, formats, paths or C would take for something else. */
const ODD_NAMES: readonly string[] = [
  'with spaces',
  ' ',
  'ünï-cödé-猫-🐈',
  "'; rm -rf * #",
  '$(reboot)`reboot`',
  '%s%n%x',
  '-n',
  '..',
  'a\nb\tc',
  '"double" and \\',
  'volume-',
  '.',
  'n'.repeat(90),
];

const REFUSED_NAMES: readonly string[] = [
  '',
  'rbd/',
  'a/b',
  '/',
  'image@snapshot',
  'elsewhere/image',
  'a\0b',
  '../../etc/passwd',
];

describe('names with odd characters', () => {
  it.each(ODD_NAMES)('%j is listed, managed and deleted', async (name) => {
    await storage.pool.createImage(name, { sizeBytes: MIB + 1 });
    expect(await manageable()).toEqual([
      { reference: { 'source-name': `rbd/${name}` }, sizeBytes: MIB + 512, safeToManage: true, reason: '' },
    ]);
    const volume = makeVolume({ sizeBytes: MIB + 512 });
    const reference = { 'source-name': name };
    expect(await backend.driver.manageExistingSize(backend.context(), reference)).toBe(MIB + 512);
    await backend.driver.manageExisting(backend.context(), volume, reference);
    expect(await storage.names()).toEqual([`volume-${volume.id}`]);
    await backend.deleteVolume({ ...volume, status: 'available' });
  });

  it.each(REFUSED_NAMES)('%j is refused', async (name) => {
    const volume = makeVolume({ sizeBytes: MIB });
    const reference = { 'source-name': name };
    const { driver } = backend;
    for (const refused of [
      await refusal(driver.manageExistingSize(backend.context(), reference)),
      await refusal(driver.manageExisting(backend.context(), volume, reference)),
    ]) {
      expect(refused).toEqual({
        code: 'invalid-input',
        message: expect.stringContaining(JSON.stringify(name)) as string,
      });
    }
  });

  it('lists with the reason what has a name that cannot be said', async () => {
    await storage.pool.createImage('a/b@c', { sizeBytes: MIB });
    expect(await manageable()).toEqual([
      expect.objectContaining({
        safeToManage: false,
        reason: expect.stringMatching(/rename it first/) as string,
      }),
    ]);
    await storage.pool.removeImage('a/b@c');
  });
});

async function manageable(): Promise<ManageableEntry[]> {
  return collect(backend.driver.listManageable(backend.context(), []));
}

const SIZES: readonly number[] = [
  0,
  -1,
  -GIB,
  1,
  511,
  MIB + 1,
  1.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  2 ** 53,
];

describe('sizes that cannot be', () => {
  it.each(SIZES)('%d bytes are refused for a new volume, and for one that is there', async (sizeBytes) => {
    expect(await refusal(backend.createVolume(sizeBytes))).toMatchObject({ code: 'invalid-input' });
    const volume = await backend.createVolume(2 * MIB);
    expect(await refusal(backend.extend(volume, sizeBytes))).toMatchObject({ code: 'invalid-input' });
    await sizeIs(volume, 2 * MIB);
    await backend.deleteVolume(volume);
  });

  it('nothing ever gets smaller: neither a volume, nor a copy of one', async () => {
    const volume = await backend.createVolume(4 * MIB);
    const snapshot = await backend.snapshot(volume);
    const refused = [
      () => backend.extend(volume, 2 * MIB),
      // Whose record has another size than the image.
      () => backend.extend({ ...volume, sizeBytes: MIB }, 2 * MIB),
      () => backend.clone({ ...volume, sizeBytes: MIB }, 2 * MIB),
      () => backend.volumeOf({ ...snapshot, sizeBytes: MIB }, 2 * MIB),
    ];
    for (const operation of refused) {
      expect(await refusal(operation())).toEqual({
        code: 'invalid-input',
        message: expect.stringMatching(/volumes only grow|cannot hold the data|smaller|grow/) as string,
      });
    }
    await sizeIs(volume, 4 * MIB);
    await backend.deleteSnapshot(snapshot);
    await backend.deleteVolume(volume);
  });
});

async function sizeIs({ id }: Volume, sizeBytes: number): Promise<void> {
  await using image = await storage.pool.openImage(`volume-${id}`, { readOnly: true });
  expect((await image.info()).sizeBytes).toBe(sizeBytes);
}

describe('what is not there', () => {
  it('is named, and deleting it is no failure', async () => {
    const ghost: Volume = { ...makeVolume({ sizeBytes: MIB }), status: 'available' };
    const { driver } = backend;
    const missing = [
      () => backend.clone(ghost),
      () => backend.extend(ghost, 2 * MIB),
      () => backend.snapshot(ghost),
      () => backend.read(ghost),
      () => backend.connect(ghost),
      () => driver.manageExistingSize(backend.context(), { 'source-name': `volume-${ghost.id}` }),
    ];
    for (const operation of missing) {
      expect(await refusal(operation())).toEqual({
        code: 'volume-not-found',
        message: expect.stringContaining(ghost.id) as string,
      });
    }
    await backend.deleteVolume(ghost);
    await backend.deleteSnapshot({ ...ghost, id: randomUUID(), volume: ghost });
  });
});
