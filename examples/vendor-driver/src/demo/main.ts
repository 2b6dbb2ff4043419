import type { Snapshot, Volume } from '@scoria/core';
import { applyUpdate, Container, createBackend, createContext, loadPlugin, MIB } from '@scoria/core';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { FakeArray } from '../fake-array/fake-array.js';
import { bindPorts, StderrLogger } from './ports.js';

const array = await FakeArray.start();
console.log('An Acme array is up, and empty.');

const root = new Container();
bindPorts(root);
const backend = await createBackend(root, await loadPlugin('@scoria-examples/vendor-driver'), {
  name: 'acme',
  stateDirectory: tmpdir(),
  options: {
    acme_url: array.url,
    acme_user: array.user,
    acme_password: array.password,
    acme_pool: array.state.pool,
  },
});
const { driver } = backend;
const context = createContext({
  requestId: 'req-demo',
  logger: new StderrLogger(),
  onStep: (name) => {
    console.log(`  step: ${name}`);
  },
});
const { vendorName, pools } = await backend.start(context);
console.log(`The backend is up: ${vendorName}, pool ${pools.map(({ name }) => name).join()}.`);

const blank = { name: 'demo', sizeBytes: 64 * MIB, providerMetadata: {} };
const creating: Volume = { ...blank, id: randomUUID(), status: 'creating' };
const made = await driver.createVolume(context, creating);
const volume: Volume = { ...applyUpdate(creating, made), status: 'available' };
await write('Now you see it');

const taking: Snapshot = { ...blank, id: randomUUID(), volume };
const snapshot = applyUpdate(taking, await driver.createSnapshot(context, taking));
await write('Now you do not');
console.log(`After the second write the volume reads:   ${await read()}`);

await driver.revertToSnapshot(context, volume, snapshot);
console.log(`After going back to the snapshot it reads: ${await read()}`);

const connector = { host: 'host-1', initiator: 'iqn.2024-01.example:host-1' };
const connection = await driver.initializeConnection(context, volume, connector);
console.log('A host reaches it by', connection);

await driver.deleteVolume(context, volume).catch((error: unknown) => {
  console.log(`Deleting it now is refused: ${String(error)}`);
});
await driver.deleteSnapshot(context, snapshot);
await driver.deleteVolume(context, volume);
console.log(`Left on the array: ${String(array.names().length)} objects.`);
await backend.stop(context);
await array.stop();

async function write(text: string): Promise<void> {
  await using device = await driver.openDevice(context, { kind: 'volume', volume }, 'read-write');
  await device.write(0, Buffer.from(text));
  await device.flush();
}

async function read(): Promise<string> {
  await using device = await driver.openDevice(context, { kind: 'volume', volume }, 'read-only');
  return (await device.read(0, 14)).toString();
}
