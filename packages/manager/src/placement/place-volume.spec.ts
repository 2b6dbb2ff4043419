import { GIB } from '@scoria/core';
import type { BackendRecord, PoolRecord } from '@scoria/store';
import fc from 'fast-check';
import { specProblems } from './backend-capabilities.js';
import { placeVolume } from './place-volume.js';
import { roomProblem, weightOf } from './room.js';

function pool(fields: Partial<PoolRecord> = {}): PoolRecord {
  return {
    name: 'p',
    totalBytes: 100 * GIB,
    freeBytes: 50 * GIB,
    provisionedBytes: 0,
    reservedPercentage: 0,
    maxOverSubscriptionRatio: 1,
    thinProvisioning: false,
    ...fields,
  };
}

function backend(name: string, fields: Partial<BackendRecord> = {}): BackendRecord {
  return {
    name,
    driver: 'acme',
    state: 'up',
    capabilities: ['clone'],
    vendorName: 'Acme',
    storageProtocol: 'nfs',
    pools: [pool()],
    updatedAt: '2026-01-01T00:00:00.000Z',
    ...fields,
  };
}

describe('room, by the rules of CapacityFilter', () => {
  const thin = { thinProvisioning: true, maxOverSubscriptionRatio: 2 };
  it.each<[string, Partial<PoolRecord>, number, boolean, RegExp | undefined]>([
    ['thick, to the last byte', {}, 50, false, undefined],
    ['thick, more than is free', {}, 51, false, /51 GiB do not fit into 50 GiB free/],
    ['thick, into the reserve', { reservedPercentage: 10 }, 41, false, /40 GiB free \(10 % reserved\)/],
    ['thin, beyond what is free', thin, 100, false, undefined],
    ['thin, beyond the ratio of what is free', thin, 101, false, /50 GiB free, 2 times over/],
    ['thin, as much as may be promised', { ...thin, provisionedBytes: 150 * GIB }, 50, false, undefined],
    [
      'thin, more than may be promised',
      { ...thin, provisionedBytes: 151 * GIB },
      50,
      false,
      /151 GiB are promised/,
    ],
    ['a thick volume in a thin pool', { ...thin, provisionedBytes: 999 * GIB }, 50, true, undefined],
    ['nothing there', { totalBytes: 0, freeBytes: 0 }, 1, false, /no capacity/],
    ['the reserve eaten up', { freeBytes: GIB, reservedPercentage: 10 }, 1, false, /into 0 GiB free/],
  ])('%s', (_, fields, sizeGiB, thick, expected) => {
    const problem = roomProblem(pool(fields), sizeGiB * GIB, thick);
    if (expected === undefined) expect(problem).toBeUndefined();
    else expect(problem).toMatch(expected);
  });
});

describe('what a type asks for', () => {
  const one = { ...backend('one'), volumeBackendName: 'gold' };
  it.each<[string, Record<string, string>, string[]]>([
    ['nothing', {}, []],
    ['the name it is configured with', { volume_backend_name: 'gold' }, []],
    [
      'another name',
      { volume_backend_name: 'one' },
      ["its volume_backend_name is 'gold', and the type wants 'one'"],
    ],
    ['a capability it has', { 'capabilities:clone': '<is> True' }, []],
    [
      'a capability it has not',
      { revert: '<is> True' },
      ["its revert is 'false', and the type wants '<is> True'"],
    ],
    ['what nobody has', { speed: '>= 3' }, ["it has no capability speed, and the type wants '>= 3'"]],
    ['a protocol in capitals', { storage_protocol: 'NFS' }, []],
    ['thick pools', { thick_provisioning_support: '<is> True' }, []],
    ["another scope's key", { 'provisioning:type': 'thin', 'acme:speed': '7' }, []],
  ])('%s', (_, extraSpecs, expected) => {
    expect(specProblems(one, pool(), extraSpecs)).toEqual(expected);
  });
});

describe('placeVolume', () => {
  it('takes the roomiest, and what is equal in the order of the configuration', () => {
    const roomy = pool({ freeBytes: 80 * GIB });
    const { candidates } = placeVolume(
      [backend('a'), backend('b', { pools: [pool(), { ...roomy, name: 'q' }] }), backend('c')],
      { sizeBytes: GIB },
    );
    expect(candidates.map((one) => [one.backend, one.pool])).toEqual([
      ['b', 'q'],
      ['a', 'p'],
      ['c', 'p'],
    ]);
  });

  it('takes the backend of the source first', () => {
    const { candidates } = placeVolume([backend('a'), backend('b', { pools: [pool({ freeBytes: GIB })] })], {
      sizeBytes: GIB,
      near: 'b',
    });
    expect(candidates.map((one) => one.backend)).toEqual(['b', 'a']);
  });

  it('takes a named backend whatever the type says, but not without room', () => {
    const request = { backend: 'a', extraSpecs: { volume_backend_name: 'b' } };
    const backends = [backend('a'), backend('b')];
    expect(placeVolume(backends, { ...request, sizeBytes: GIB }).candidates).toHaveLength(1);
    expect(placeVolume(backends, { ...request, sizeBytes: 60 * GIB })).toMatchObject({
      candidates: [],
      refusals: [{ backend: 'a' }],
    });
  });

  it('says of each what it lacks', () => {
    const { refusals } = placeVolume(
      [
        backend('a', { state: 'down', reason: 'no route to host' }),
        backend('b', { pools: [] }),
        backend('c', { pools: [pool(), pool({ name: 'q', freeBytes: 0 })] }),
      ],
      { sizeBytes: 60 * GIB, extraSpecs: { vendor_name: 'Other' } },
    );
    expect(refusals.map(({ reason }) => reason)).toEqual([
      'backend a: is down (no route to host)',
      'backend b: reports no pool',
      "backend c: pool p: its vendor_name is 'Acme', and the type wants 'Other', " +
        '60 GiB do not fit into 50 GiB free (0 % reserved); ' +
        "pool q: its vendor_name is 'Acme', and the type wants 'Other', " +
        '60 GiB do not fit into 0 GiB free (0 % reserved)',
    ]);
  });
});

const anyPool: fc.Arbitrary<PoolRecord> = fc
  .record({
    name: fc.constantFrom('p', 'q', 'r'),
    total: fc.integer({ min: 0, max: 1000 }),
    freePart: fc.integer({ min: 0, max: 100 }),
    provisioned: fc.integer({ min: 0, max: 3000 }),
    reservedPercentage: fc.integer({ min: 0, max: 100 }),
    maxOverSubscriptionRatio: fc.constantFrom(1, 1.5, 2, 20),
    thinProvisioning: fc.boolean(),
  })
  .map(({ total, freePart, provisioned, ...rest }) => ({
    ...rest,
    totalBytes: total * GIB,
    freeBytes: Math.floor((total * GIB * freePart) / 100),
    provisionedBytes: provisioned * GIB,
  }));

const anyBackends = fc
  .array(
    fc.record({
      state: fc.constantFrom('up', 'up', 'up', 'down', 'starting'),
      capabilities: fc.subarray(['clone', 'revert']),
      pools: fc.array(anyPool, { maxLength: 3 }),
    }),
    { maxLength: 5 },
  )
  .map((all) => all.map((fields, index) => backend(`b${String(index)}`, fields)));

const anyRequest = fc.record(
  {
    sizeBytes: fc.integer({ min: 1, max: 2000 }).map((size) => size * GIB),
    extraSpecs: fc.constantFrom<Record<string, string>>(
      {},
      { clone: '<is> True' },
      { 'provisioning:type': 'thick' },
    ),
    near: fc.constantFrom('b0', 'b1', 'b9'),
  },
  { requiredKeys: ['sizeBytes'] },
);

describe('properties of placeVolume', () => {
  it('answers for every backend once: a candidate or a reason', () => {
    fc.assert(
      fc.property(anyBackends, anyRequest, (backends, request) => {
        const { candidates, refusals } = placeVolume(backends, request);
        const names = [...candidates, ...refusals].map((one) => one.backend).sort();
        expect(names).toEqual(backends.map(({ name }) => name));
        for (const { backend: name, reason } of refusals) expect(reason).toContain(name);
      }),
    );
  });

  it('gives only what is up, has room and has what the type wants', () => {
    fc.assert(
      fc.property(anyBackends, anyRequest, (backends, request) => {
        const thick = request.extraSpecs?.['provisioning:type'] === 'thick';
        for (const { backend: name, pool: poolName, weight } of placeVolume(backends, request).candidates) {
          const found = backends.find((one) => one.name === name)!;
          expect(found.state).toBe('up');
          const fitting = found.pools.filter(
            (one) =>
              roomProblem(one, request.sizeBytes, thick) === undefined &&
              specProblems(found, one, request.extraSpecs ?? {}).length === 0,
          );
          expect(fitting.map((one) => one.name)).toContain(poolName);
          expect(weight).toBe(Math.max(...fitting.map((one) => weightOf(one, thick))));
        }
      }),
    );
  });

  it('orders by weight, the source first', () => {
    fc.assert(
      fc.property(anyBackends, anyRequest, (backends, request) => {
        const { candidates } = placeVolume(backends, request);
        const far = candidates.filter((one) => one.backend !== request.near);
        expect(candidates.slice(candidates.length - far.length)).toEqual(far);
        for (const [index, one] of far.slice(1).entries()) {
          expect(one.weight).toBeLessThanOrEqual(far[index]!.weight);
        }
      }),
    );
  });

  it('never refuses a smaller volume where a larger one fits', () => {
    fc.assert(
      fc.property(anyPool, fc.integer({ min: 2, max: 2000 }), fc.boolean(), (one, size, thick) => {
        fc.pre(roomProblem(one, size * GIB, thick) === undefined);
        expect(roomProblem(one, (size - 1) * GIB, thick)).toBeUndefined();
      }),
    );
  });

  it('does not change what it is given, and answers the same again', () => {
    fc.assert(
      fc.property(anyBackends, anyRequest, (backends, request) => {
        const before = structuredClone(backends);
        expect(placeVolume(backends, request)).toEqual(placeVolume(backends, request));
        expect(backends).toEqual(before);
      }),
    );
  });
});
