import type { ComputeApi, GuestDisk, GuestDiskRequest, VolumeAttachment } from '@scoria/core';
import { createContext } from '@scoria/core';
import { MemoryLogger } from '@scoria/testkit';
import { ComputeChoice } from './compute-choice.js';

const VOLUME = '11111111-1111-4111-8111-111111111111';
const ATTACHMENT = '55555555-5555-4555-8555-555555555555';
const MONITOR = '/run/guest.sock';
const INSTANCE = '66666666-6666-4666-8666-666666666666';

/** A way to ask guests, which notes who was asked for; without a disk, nobody is there. */
function way(disk: object | undefined): ComputeApi & { readonly asked: GuestDiskRequest[] } {
  const asked: GuestDiskRequest[] = [];
  return {
    asked,
    openDisk: async (_context, request) => {
      asked.push(request);
      return Promise.resolve(disk as GuestDisk | undefined);
    },
  };
}

function requestOf(attachment: Partial<VolumeAttachment>): GuestDiskRequest {
  return {
    volume: { id: VOLUME },
    attachment: { id: ATTACHMENT, host: 'node-1', ...attachment },
    snapshotId: '33333333-3333-4333-8333-333333333333',
  };
}

/** No records of any guest. */
const recorded = async (): Promise<readonly VolumeAttachment[]> => Promise.resolve([]);

const context = createContext({ requestId: 'req-1', logger: new MemoryLogger() });

describe('a guest is asked', () => {
  const [byMonitor, byService] = [{ by: 'monitor' }, { by: 'service' }];

  it.each([
    ['by its monitor', { monitor: MONITOR }, byMonitor],
    ['by its monitor, where it has an instance too', { monitor: MONITOR, instanceId: INSTANCE }, byMonitor],
    ['by the compute service', { instanceId: INSTANCE }, byService],
  ])('%s', async (_, attachment, disk) => {
    const [monitor, service] = [way(byMonitor), way(byService)];
    const choice = new ComputeChoice({ monitor, service, hostName: 'elsewhere', recorded });
    const request = requestOf(attachment);
    expect(await choice.openDisk(context, request)).toBe(disk);
    expect([monitor.asked, service.asked]).toEqual(disk === byMonitor ? [[request], []] : [[], [request]]);
  });

  it.each([
    ['says no way', { service: way({}) }, {}, 'names neither'],
    ['is of a service that is not configured', {}, { instanceId: INSTANCE }, `instance ${INSTANCE}`],
  ])('never, where its attachment %s', async (_, services, attachment, problem) => {
    const choice = new ComputeChoice({ monitor: way({}), hostName: 'node-1', recorded, ...services });
    const refused = choice.openDisk(context, requestOf(attachment));
    await expect(refused).rejects.toMatchObject({ name: 'DriverError', code: 'not-supported' });
    const message = await refused.then(String, (error: unknown) => String(error));
    for (const named of [VOLUME, 'host node-1', problem, `scoria volume detach ${VOLUME} ${ATTACHMENT}`])
      expect(message).toContain(named);
  });
});

describe('that nobody listens at a monitor', () => {
  it.each([['node-1'], ['NODE-1.example.org']])(
    'says on its own host that no guest is there: %s',
    async (host) => {
      const choice = new ComputeChoice({ monitor: way(undefined), hostName: 'node-1', recorded });
      expect(await choice.openDisk(context, requestOf({ monitor: MONITOR, host }))).toBeUndefined();
    },
  );

  it.each([['node-2'], ['node-12'], ['node-1-b']])('says nothing of a guest on host %s', async (host) => {
    const choice = new ComputeChoice({ monitor: way(undefined), hostName: 'node-1', recorded });
    await expect(choice.openDisk(context, requestOf({ monitor: MONITOR, host }))).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining(`cannot be asked from host node-1, and may be running`) as unknown,
    });
  });
});

test('the guests of a volume are those that the records name', async () => {
  const attachment = { id: ATTACHMENT, host: 'node-1', monitor: MONITOR };
  const choice = new ComputeChoice({
    monitor: way(undefined),
    hostName: 'node-1',
    recorded: async (volumeId) => Promise.resolve(volumeId === VOLUME ? [attachment] : []),
  });
  expect(await choice.attachmentsOf(VOLUME)).toEqual([attachment]);
  expect(await choice.attachmentsOf(INSTANCE)).toEqual([]);
});
