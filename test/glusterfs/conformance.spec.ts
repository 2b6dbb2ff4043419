import { CommandRunner, KIB, MIB } from '@scoria/core';
import glusterfsPlugin from '@scoria/driver-glusterfs';
import { hostModule } from '@scoria/host';
import type { ConformanceHarness, ConformanceStorage } from '@scoria/testkit';
import { applies, conformanceCases } from '@scoria/testkit';
import { Container } from 'inversify';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { hostPorts } from '../support/host-ports.js';
import { someOf } from '../support/some-of.js';
import { GlusterServer } from '../support/gluster-server.js';
import { GlusterRunner, glusterRules } from './gluster-runner.js';

const run = promisify(execFile);

/** What the local driver goes through in both formats, and a file system changes least. */
const LEFT_TO_LOCAL = /^(cancel|recover|states|input): |: in any order/;
/** Of what can be interrupted, what leaves a journal. */
const CRASH = 'crash: createSnapshot,';
const BLOCK_BYTES = 512;
const BRICK_BYTES = 512 * MIB;

const chosen = conformanceCases
  .filter((candidate) => applies(candidate, glusterfsPlugin.capabilities))
  .filter(({ name }) => !LEFT_TO_LOCAL.test(name))
  .filter(({ name }) => !name.startsWith('crash: ') || name.startsWith(CRASH));

let server: GlusterServer;
let volume: string;
let shares = 0;

beforeAll(async () => {
  server = await GlusterServer.start();
  volume = await server.createVolume('one', { bytes: BRICK_BYTES });
  await server.mount(volume, path.join(server.directory, 'all'));
  await mkdir(mountPoints());
});
afterAll(() => server[Symbol.asyncDispose]());

const mountPoints = (): string => path.join(server.directory, 'mnt');

function commandRunner(): CommandRunner {
  const namespaces = [server.network];
  const root = new Container();
  const allow = glusterRules(mountPoints(), namespaces);
  root.load(hostModule({ log: { level: 'error' }, privileges: { allow } }));
  return new GlusterRunner(root.get<CommandRunner>(CommandRunner), namespaces);
}

/** A directory of the volume that nobody has used: a share of its own, mounted by whoever starts first. */
async function freshStorage(): Promise<ConformanceStorage> {
  shares += 1;
  const directory = path.join(server.directory, 'all', `share-${String(shares)}`);
  const share = `${volume}/share-${String(shares)}`;
  const sharesFile = path.join(server.directory, `shares-${String(shares)}`);
  await mkdir(directory);
  await writeFile(sharesFile, `${share}\n`);
  return {
    options: { glusterfs_shares_config: sharesFile, glusterfs_mount_point_base: mountPoints() },
    leftovers: () => filesIn(directory),
    usedBytes: async () => {
      const sizes = (await filesIn(directory)).map(async (file) => stat(path.join(directory, file)));
      return (await Promise.all(sizes)).reduce((sum, { blocks }) => sum + blocks * BLOCK_BYTES, 0);
    },
    referenceOf: ({ id, providerLocation = '' }) => ({ 'source-name': `${providerLocation}/volume-${id}` }),
    dispose: async () => {
      const mountPoint = path.join(mountPoints(), createHash('md5').update(share).digest('hex'));
      await run('umount', [mountPoint], { timeout: 60_000, killSignal: 'SIGKILL' });
      await rm(directory, { recursive: true });
    },
  };
}

async function filesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(directory, path.join(entry.parentPath, entry.name)));
}

function harness(): ConformanceHarness {
  return {
    plugin: glusterfsPlugin,
    volumeBytes: 256 * KIB,
    ports: { commandRunner: commandRunner(), clock: hostPorts().clock },
    invalidConnectors: [{ host: '' }],
    freshStorage,
  };
}

describe('conformance of the glusterfs driver, on a mounted volume', () => {
  for (const { name, run } of someOf(chosen, 0.35)) it(name, () => run(harness()));
});
