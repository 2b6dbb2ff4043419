import { FullDriver, MinimalDriver } from '../fixtures/drivers.js';
import { abortedContext, aContext, aSnapshot, aVolume, OTHER_ID, rejection } from '../fixtures/objects.js';
import type { BlockDevice } from '../block-device.js';
import type { Capability } from './capabilities.js';
import { CAPABILITIES } from './capabilities.js';
import type { GuardedDriver } from './guard-driver.js';
import { guardDriver } from './guard-driver.js';
import { VolumeDriver } from './volume-driver.js';

type Call = (driver: GuardedDriver, context: ReturnType<typeof aContext>) => Promise<unknown>;

async function collect<T>(entries: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const entry of entries) all.push(entry);
  return all;
}

const creating = aVolume({ status: 'creating' });
const backup = { id: OTHER_ID, createdAt: '2026-01-01T00:00:00Z' };
const image = { id: 'an image', diskFormat: 'raw', sizeBytes: 512, locations: [] };
const found = { id: OTHER_ID, sizeBytes: 512, providerLocation: 'p', providerMetadata: {} };
const adoptable = { ...found, snapshots: [], problems: [], changes: [] };

/** Every method of the contract, called in the right way. */
const CALLS: Record<Exclude<keyof GuardedDriver, 'teardown'>, Call> = {
  setup: (driver, c) => driver.setup(c),
  checkForSetupError: (driver, c) => driver.checkForSetupError(c),
  recover: (driver, c) => driver.recover(c),
  stats: (driver, c) => driver.stats(c),
  createVolume: (driver, c) => driver.createVolume(c, creating),
  deleteVolume: (driver, c) => driver.deleteVolume(c, aVolume()),
  extendVolume: (driver, c) => driver.extendVolume(c, aVolume(), aVolume().sizeBytes),
  createSnapshot: (driver, c) => driver.createSnapshot(c, aSnapshot()),
  deleteSnapshot: (driver, c) => driver.deleteSnapshot(c, aSnapshot()),
  createVolumeFromSnapshot: (driver, c) => driver.createVolumeFromSnapshot(c, creating, aSnapshot()),
  createClonedVolume: (driver, c) => driver.createClonedVolume(c, creating, aVolume({ id: OTHER_ID })),
  revertToSnapshot: (driver, c) => driver.revertToSnapshot(c, aVolume(), aSnapshot()),
  ensureExport: (driver, c) => driver.ensureExport(c, aVolume({ status: 'in-use' })),
  initializeConnection: (driver, c) => driver.initializeConnection(c, aVolume(), { host: 'h' }),
  terminateConnection: (driver, c) => driver.terminateConnection(c, aVolume(), undefined),
  openDevice: (driver, c) => driver.openDevice(c, { kind: 'volume', volume: aVolume() }, 'read-only'),
  listManageable: (driver, c) => collect(driver.listManageable(c, [])),
  manageExistingSize: (driver, c) => driver.manageExistingSize(c, { 'source-name': 'x' }),
  manageExisting: (driver, c) => driver.manageExisting(c, creating, { 'source-name': 'x' }),
  unmanage: (driver, c) => driver.unmanage(c, aVolume()),
  listManageableSnapshots: (driver, c) => collect(driver.listManageableSnapshots(c, [], [])),
  manageExistingSnapshotSize: (driver, c) =>
    driver.manageExistingSnapshotSize(c, aVolume(), { 'source-name': 'x' }),
  manageExistingSnapshot: (driver, c) =>
    driver.manageExistingSnapshot(c, aSnapshot(), { 'source-name': 'x' }),
  unmanageSnapshot: (driver, c) => driver.unmanageSnapshot(c, aSnapshot()),
  findAdoptable: (driver, c) => collect(driver.findAdoptable(c)),
  adopt: (driver, c) => driver.adopt(c, adoptable),
  chainOf: (driver, c) => driver.chainOf(c, aVolume(), []),
  retypeVolume: (driver, c) => driver.retypeVolume(c, aVolume({ status: 'retyping' }), undefined),
  cloneImage: (driver, c) => driver.cloneImage(c, creating, image),
  openBackup: (driver, c) => driver.openBackup(c, aVolume(), backup),
  forgetBackup: (driver, c) => driver.forgetBackup(c, aVolume(), OTHER_ID),
  planOf: (driver, c) => driver.planOf(c, { operation: 'create-volume', volume: creating }),
};
const ALL = Object.keys(CAPABILITIES) as Capability[];
const OPTIONAL = ALL.flatMap((capability) =>
  CAPABILITIES[capability].map((method) => ({ capability, method })),
);

describe('guardDriver', () => {
  it.each(Object.entries(CALLS))('passes %s on', async (method, call) => {
    const driver = new FullDriver();
    await call(guardDriver(driver, 'acme', ALL), aContext());
    expect(driver.calls).toEqual(method === 'ensureExport' ? [] : [method]);
  });

  it.each(Object.entries(CALLS))('refuses %s when the operation was cancelled', async (_, call) => {
    const driver = new FullDriver();
    const refused = call(guardDriver(driver, 'acme', ALL), abortedContext());
    expect(await rejection(refused)).toMatchObject({ code: 'cancelled' });
    expect(driver.calls).toEqual([]);
  });

  it('ends a driver also when the operation was cancelled', async () => {
    const driver = new MinimalDriver();
    await guardDriver(driver, 'acme', []).teardown(abortedContext());
    expect(driver.calls).toEqual(['teardown']);
  });

  it.each(OPTIONAL)('rejects $method of a driver without $capability', async ({ capability, method }) => {
    const others = ALL.filter((one) => one !== capability);
    const refused = CALLS[method](guardDriver(new FullDriver(), 'acme', others), aContext());
    expect(await rejection(refused)).toMatchObject({
      name: 'DriverError',
      code: 'not-supported',
      message: `the driver acme cannot do ${method}: it has not the capability '${capability}'`,
      details: { driver: 'acme', method, capability },
    });
  });

  it('rejects what does not pass the checks before the driver is called', async () => {
    const driver = new MinimalDriver();
    const guarded = guardDriver(driver, 'acme', []);
    const refused = guarded.createVolume(aContext(), aVolume({ status: 'in-use' }));
    expect(await rejection(refused)).toMatchObject({ code: 'invalid-state' });
    expect(driver.calls).toEqual([]);
  });

  it.each<[string, Call]>([
    ['volume 1', CALLS.openDevice],
    ['backup 2', CALLS.openBackup],
  ])('checks the devices it opens: of %s', async (what, open) => {
    const device = (await open(guardDriver(new FullDriver(), 'acme', ALL), aContext())) as BlockDevice;
    expect(await rejection(device.read(-1, 1))).toMatchObject({
      code: 'invalid-input',
      message: expect.stringContaining(`the device of ${what}`) as string,
    });
  });

  it("allows more states by the driver's capabilities", async () => {
    const snapshot = aSnapshot({ volume: aVolume({ status: 'in-use' }) });
    const create = (capabilities: Capability[]): Promise<unknown> =>
      guardDriver(new MinimalDriver(), 'acme', capabilities).createSnapshot(aContext(), snapshot);
    expect(await rejection(create([]))).toMatchObject({ code: 'invalid-state' });
    await expect(create(['onlineSnapshot'])).resolves.toBeDefined();
  });

  it('turns what a driver throws when called into a rejection', async () => {
    class Throwing extends MinimalDriver {
      override stats(): never {
        throw new Error('not even a promise');
      }
    }
    const refused = guardDriver(new Throwing(), 'acme', []).stats(aContext());
    await expect(refused).rejects.toThrow('not even a promise');
  });

  it('does not stand between a driver and its own calls or private fields', async () => {
    class Careful extends MinimalDriver {
      readonly #made = 'made by itself';
      override async createVolume(): ReturnType<MinimalDriver['createVolume']> {
        await this.deleteVolume();
        return { providerId: this.#made };
      }
    }
    const driver = new Careful();
    const made = await guardDriver(driver, 'acme', []).createVolume(aContext(), creating);
    expect(made).toEqual({ providerId: 'made by itself' });
    expect(driver.calls).toEqual(['deleteVolume']);
  });

  it('is a VolumeDriver, and no promise', async () => {
    const guarded = guardDriver(new MinimalDriver(), 'acme', []);
    expect(guarded).toBeInstanceOf(VolumeDriver);
    expect(guarded.constructor).toBe(MinimalDriver);
    expect(await Promise.resolve(guarded)).toBe(guarded);
  });
});
