import { Container, Logger } from '@scoria/core';
import { hostModule } from '@scoria/host';
import { fakePorts } from '@scoria/testkit';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { down, scriptOf } from './backends/spec-support/scripted-driver.js';
import type { Configuration } from './configuration.js';
import { createVolumeManager } from './create-volume-manager.js';
import { maskSecrets } from './mask-secrets.js';

const DRIVER = fileURLToPath(new URL('backends/spec-support/scripted-driver.ts', import.meta.url));
const OF_THE_ARRAY = 'kiwi blossom';
const OF_KEYSTONE = 'mango leaf';

let directory: string;
let configuration: Configuration;
let log: PassThrough;
let root: Container;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'scoria-secrets-'));
  configuration = {
    statePath: directory,
    databaseUrl: `sqlite:${directory}/records.sqlite`,
    enabledBackends: ['one'],
    backends: [
      {
        name: 'one',
        driver: DRIVER,
        options: { array_name: directory, array_password: OF_THE_ARRAY },
        optionsAreText: false,
      },
    ],
    nova: {
      credentials: { kind: 'token', token: OF_KEYSTONE, endpoint: 'https://nova' },
      interface: 'public',
      insecure: false,
      timeoutMs: 1000,
    },
    quotas: { volumes: -1, snapshots: -1, gigabytes: -1 },
    listen: { host: '127.0.0.1', port: 0 },
    backendConcurrency: 1,
    statsIntervalMs: 60_000,
    logLevel: 'debug',
  };
  log = new PassThrough();
  root = new Container();
  root.load(hostModule({ log: { level: 'debug', stream: log } }));
});
afterEach(() => rm(directory, { recursive: true }));

it('keeps configured secrets out of the log, also where an error of a driver has them in it', async () => {
  scriptOf(directory).setup = down(`the array refuses ${OF_THE_ARRAY} (${encodeURIComponent(OF_THE_ARRAY)})`);
  {
    await using manager = await createVolumeManager(configuration, { root });
    await manager.start();
    await manager.settled();
    root.get<Logger>(Logger).error('nobody is let in', { reason: new Error(`not with ${OF_KEYSTONE}`) });
  }
  const said = String(log.read());
  expect(said).toContain('a backend is down');
  expect(said).toContain('the array refuses *** (***)');
  expect(said).toContain('not with ***');
  for (const word of ['kiwi', 'mango']) expect(said).not.toContain(word);
});

it('leaves a log alone other than that of the host', () => {
  const other = new Container();
  other.load(fakePorts());
  expect(() => {
    maskSecrets(other, [OF_THE_ARRAY]);
  }).not.toThrow();
});
