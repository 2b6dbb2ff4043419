import { aSnapshot, aVolume, OTHER_ID } from '../fixtures/objects.js';
import type { ImageSource } from '../models/image-source.js';
import type { PlanRequest } from '../models/plan-request.js';
import type { VolumeStatus } from '../models/status.js';
import { VOLUME_STATUSES } from '../models/status.js';
import type { Volume } from '../models/volume.js';
import { GIB, MIB } from '../sizes.js';
import type { Capability } from './capabilities.js';
import type { RuledMethod } from './method-rules.js';
import { allowedStates, METHOD_CHECKS, METHOD_RULES } from './method-rules.js';

const connector = { host: 'host-1' };
const backup = { id: OTHER_ID, createdAt: '2026-01-01T00:00:00Z' };

function anImage(sizeBytes: number): ImageSource {
  return { id: 'an image', diskFormat: 'raw', sizeBytes, locations: [] };
}

/** The method of the driver that a rule is about, and its arguments with a volume in `status`. */
const CALLS: Record<RuledMethod, (volume: Volume) => [method: string, ...args: unknown[]]> = {
  createVolume: (volume) => ['createVolume', volume],
  deleteVolume: (volume) => ['deleteVolume', volume],
  extendVolume: (volume) => ['extendVolume', volume, 2 * GIB],
  createSnapshot: (volume) => ['createSnapshot', aSnapshot({ volume })],
  deleteSnapshot: (volume) => ['deleteSnapshot', aSnapshot({ volume })],
  createVolumeFromSnapshot: (volume) => ['createVolumeFromSnapshot', volume, aSnapshot()],
  createClonedVolume: (volume) => ['createClonedVolume', volume, aVolume({ id: OTHER_ID })],
  cloneSource: (volume) => ['createClonedVolume', aVolume({ id: OTHER_ID, status: 'creating' }), volume],
  revertToSnapshot: (volume) => ['revertToSnapshot', volume, aSnapshot({ volume })],
  manageExisting: (volume) => ['manageExisting', volume, { 'source-name': 'x' }],
  unmanage: (volume) => ['unmanage', volume],
  manageExistingSnapshot: (volume) => [
    'manageExistingSnapshot',
    aSnapshot({ volume }),
    { 'source-name': 'x' },
  ],
  unmanageSnapshot: (volume) => ['unmanageSnapshot', aSnapshot({ volume })],
  retypeVolume: (volume) => ['retypeVolume', volume, undefined],
  cloneImage: (volume) => ['cloneImage', volume, anImage(GIB)],
  openBackup: (volume) => ['openBackup', volume, backup],
  ensureExport: (volume) => ['ensureExport', volume],
  initializeConnection: (volume) => ['initializeConnection', volume, connector],
  openForReading: (volume) => ['openDevice', { kind: 'volume', volume }, 'read-only'],
  openForWriting: (volume) => ['openDevice', { kind: 'volume', volume }, 'read-write'],
};

const RULES = Object.keys(METHOD_RULES) as RuledMethod[];

function outcome(method: string, args: unknown[], capabilities: readonly Capability[] = []): string {
  try {
    METHOD_CHECKS[method]!(args, capabilities);
    return 'passes';
  } catch (error) {
    return (error as { code: string }).code;
  }
}

const statesOf: [string, RuledMethod, VolumeStatus, boolean, boolean][] = RULES.flatMap((rule) =>
  VOLUME_STATUSES.map((status): [string, RuledMethod, VolumeStatus, boolean, boolean] => [
    `${rule} in ${status}`,
    rule,
    status,
    allowedStates(rule, []).includes(status),
    allowedStates(rule, ['onlineSnapshot', 'onlineExtend']).includes(status),
  ]),
);

describe('the states each method allows', () => {
  it.each(statesOf)('%s', (_, rule, status, allowed, allowedOnline) => {
    const [method, ...args] = CALLS[rule](aVolume({ status }));
    expect(outcome(method, args)).toBe(allowed ? 'passes' : 'invalid-state');
    const online = outcome(method, args, ['onlineSnapshot', 'onlineExtend']);
    expect(online).toBe(allowedOnline ? 'passes' : 'invalid-state');
  });

  it.each<[RuledMethod, Capability]>([
    ['createSnapshot', 'onlineSnapshot'],
    ['deleteSnapshot', 'onlineSnapshot'],
    ['cloneSource', 'onlineSnapshot'],
    ['manageExistingSnapshot', 'onlineSnapshot'],
    ['extendVolume', 'onlineExtend'],
    ['openBackup', 'onlineSnapshot'],
  ])('%s needs %s for a volume in use', (rule, capability) => {
    expect(allowedStates(rule, [])).not.toContain('in-use');
    expect(allowedStates(rule, [capability])).toEqual([...METHOD_RULES[rule].states, 'in-use']);
  });

  it('says which states would do', () => {
    expect(() => {
      METHOD_CHECKS.createVolume!([aVolume({ status: 'in-use' })], []);
    }).toThrow(/^createVolume on volume .{36}: its state is in-use, and .* only in creating$/);
  });

  it('lets a connection be ended in any state', () => {
    const outcomes = VOLUME_STATUSES.map((status) =>
      outcome('terminateConnection', [aVolume({ status }), connector]),
    );
    expect(new Set(outcomes)).toEqual(new Set(['passes']));
  });
});

describe('ids', () => {
  const BAD = ['', '../x', '11111111-1111-4111-8111-11111111111G', OTHER_ID.replaceAll('2', 'A')];
  const cases = BAD.flatMap((id) => [...RULES, 'terminateConnection' as const].map((rule) => ({ rule, id })));

  it.each(cases)('$rule refuses the volume id $id', ({ rule, id }) => {
    const allowed = rule === 'terminateConnection' ? 'available' : METHOD_RULES[rule].states[0];
    const volume = aVolume({ id, status: allowed });
    const [method, ...args] = rule === 'terminateConnection' ? [rule, volume] : CALLS[rule](volume);
    expect(outcome(method, args)).toBe('invalid-input');
  });

  it.each([
    ['createSnapshot', []],
    ['deleteSnapshot', []],
    ['manageExistingSnapshot', []],
    ['unmanageSnapshot', []],
    ['createVolumeFromSnapshot', [aVolume({ status: 'creating' })]],
    ['revertToSnapshot', [aVolume()]],
  ])('%s refuses a snapshot id that is none', (method, before) => {
    expect(outcome(method, [...before, aSnapshot({ id: '../../etc/passwd' })])).toBe('invalid-input');
  });

  it('refuses to open a snapshot by an id that is none', () => {
    const target = { kind: 'snapshot', snapshot: aSnapshot({ id: 'x' }) };
    expect(outcome('openDevice', [target, 'read-only'])).toBe('invalid-input');
  });
});

describe('sizes', () => {
  const creating = (sizeBytes: number): Volume => aVolume({ status: 'creating', sizeBytes });
  const source = (sizeBytes: number): Volume => aVolume({ id: OTHER_ID, sizeBytes });

  it.each<[string, string, unknown[], string]>([
    ['a volume of no bytes', 'createVolume', [creating(0)], 'invalid-input'],
    ['a volume of half a sector', 'createVolume', [creating(256)], 'invalid-input'],
    ['growing', 'extendVolume', [aVolume(), 2 * GIB], 'passes'],
    ['staying', 'extendVolume', [aVolume(), GIB], 'passes'],
    ['shrinking', 'extendVolume', [aVolume(), GIB - MIB], 'invalid-input'],
    ['growing by a byte', 'extendVolume', [aVolume(), GIB + 1], 'invalid-input'],
    ['growing to NaN', 'extendVolume', [aVolume(), Number.NaN], 'invalid-input'],
    ['room for a snapshot', 'createVolumeFromSnapshot', [creating(2 * GIB), aSnapshot()], 'passes'],
    ['no room for a snapshot', 'createVolumeFromSnapshot', [creating(MIB), aSnapshot()], 'invalid-input'],
    ['room for a clone', 'createClonedVolume', [creating(GIB), source(GIB)], 'passes'],
    ['no room for a clone', 'createClonedVolume', [creating(MIB), source(GIB)], 'invalid-input'],
    ['room for an image', 'cloneImage', [creating(GIB), anImage(GIB)], 'passes'],
    ['no room for an image', 'cloneImage', [creating(MIB), anImage(GIB)], 'invalid-input'],
    ['deleting what has a wrong size', 'deleteVolume', [aVolume({ sizeBytes: 0 })], 'passes'],
  ])('%s', (_, method, args, expected) => {
    expect(outcome(method, args)).toBe(expected);
  });
});

describe('planning is checked as the method that is planned', () => {
  const inUse = aVolume({ status: 'in-use' });
  const creating = aVolume({ status: 'creating' });
  const snapshot = aSnapshot();
  const ofInUse = aSnapshot({ volume: inUse });

  it.each<[PlanRequest, PlanRequest]>([
    [
      { operation: 'create-volume', volume: creating },
      { operation: 'create-volume', volume: inUse },
    ],
    [
      { operation: 'delete-volume', volume: aVolume() },
      { operation: 'delete-volume', volume: inUse },
    ],
    [
      { operation: 'extend-volume', volume: aVolume(), newSizeBytes: 2 * GIB },
      { operation: 'extend-volume', volume: inUse, newSizeBytes: 2 * GIB },
    ],
    [
      { operation: 'create-snapshot', snapshot },
      { operation: 'create-snapshot', snapshot: ofInUse },
    ],
    [
      { operation: 'delete-snapshot', snapshot },
      { operation: 'delete-snapshot', snapshot: ofInUse },
    ],
    [
      { operation: 'revert-to-snapshot', volume: aVolume(), snapshot },
      { operation: 'revert-to-snapshot', volume: inUse, snapshot },
    ],
    [
      { operation: 'clone-volume', volume: creating, source: aVolume({ id: OTHER_ID }) },
      { operation: 'clone-volume', volume: creating, source: inUse },
    ],
    [
      { operation: 'create-volume-from-snapshot', volume: creating, snapshot },
      { operation: 'create-volume-from-snapshot', volume: inUse, snapshot },
    ],
  ])('$operation', (right, wrong) => {
    expect(outcome('planOf', [right])).toBe('passes');
    expect(outcome('planOf', [wrong])).toBe('invalid-state');
  });
});

describe('backups', () => {
  it.each([
    ['openBackup', [aVolume(), { ...backup, id: '../x' }], 'invalid-input'],
    ['openBackup', [aVolume(), { ...backup, createdAt: 'yesterday' }], 'invalid-input'],
    ['forgetBackup', [aVolume({ status: 'error' }), OTHER_ID], 'passes'],
    ['forgetBackup', [aVolume(), '../x'], 'invalid-input'],
    ['forgetBackup', [aVolume({ id: '' }), OTHER_ID], 'invalid-input'],
  ])('%s of %j: %s', (method, args, expected) => {
    expect(outcome(method, args)).toBe(expected);
  });
});

describe('opening a snapshot', () => {
  const target = { kind: 'snapshot', snapshot: aSnapshot() };

  it.each([
    ['read-only', 'passes'],
    ['read-write', 'invalid-input'],
  ])('%s', (mode, expected) => {
    expect(outcome('openDevice', [target, mode])).toBe(expected);
  });
});
