import type { GuestDiskRequest } from '@scoria/core';
import { ComputeApi, Container, createContext } from '@scoria/core';
import { Store } from '@scoria/store';
import { fakePorts, MemoryLogger } from '@scoria/testkit';
import { mkdtemp, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { Configuration } from '../configuration.js';
import { ManagerEvents } from '../events.js';
import { Ports } from '../ports.js';
import { backendsContainer } from './backends-container.js';

const context = createContext({ requestId: 'req-1', logger: new MemoryLogger() });

function rootWithPorts(): Container {
  const root = new Container();
  root.load(fakePorts());
  return root;
}

function managerOn(root: Container): Container {
  const manager = new Container({ parent: root });
  manager.bind(Configuration).toConstantValue({});
  manager.bind(Store).toConstantValue({});
  manager.bind(ManagerEvents).toSelf();
  manager.bind(Ports).toSelf();
  return manager;
}

function requestOf(monitor: string, host: string): GuestDiskRequest {
  return {
    volume: { id: '11111111-1111-4111-8111-111111111111' },
    attachment: { id: '55555555-5555-4555-8555-555555555555', host, monitor },
    snapshotId: '33333333-3333-4333-8333-333333333333',
  };
}

describe('the container of the backends', () => {
  it('has one way to ask guests, by their monitors too, which the process around it has not', async () => {
    const directory = await mkdtemp(path.join(tmpdir(), 'scoria-guests-'));
    const root = rootWithPorts();
    const container = backendsContainer(root, managerOn(root));
    const compute = container.get<ComputeApi>(ComputeApi);
    const nobody = path.join(directory, 'nobody.sock');
    expect(await compute.openDisk(context, requestOf(nobody, hostname()))).toBeUndefined();
    await expect(compute.openDisk(context, requestOf(nobody, 'another-host'))).rejects.toMatchObject({
      code: 'unavailable',
    });
    expect(new Container({ parent: container }).get(ComputeApi)).toBe(compute);
    expect(root.isBound(ComputeApi)).toBe(false);
    await rm(directory, { recursive: true });
  });

  it('leaves the choice to the program that has made it', () => {
    const root = rootWithPorts();
    const own: ComputeApi = { openDisk: () => Promise.resolve(undefined) };
    root.bind(ComputeApi).toConstantValue(own);
    expect(backendsContainer(root, managerOn(root)).get(ComputeApi)).toBe(own);
  });
});
