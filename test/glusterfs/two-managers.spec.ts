import { PostgresServer } from '../support/postgres-server.js';
import { Seeded } from '../support/seeded.js';
import { someOf } from '../support/some-of.js';
import { ManagedHosts } from './two-managers/managed-hosts.js';
import { WantedVolume } from './two-managers/wanted-volume.js';

/*
 * Two whole managers on two hosts of one GlusterFS share, each with a network and a mount of its own, and with records of
 * its own or those of both in one database. `npm run soak -- two-managers` has more rounds.
 */

/** Another one each time, named when one fails. */
const seed = Date.now() % 1_000_000;
const ROUNDS = 2;

let hosts: ManagedHosts;
beforeAll(async () => {
  hosts = await ManagedHosts.start();
});
afterAll(() => hosts[Symbol.asyncDispose]());

describe(`two managers (seed ${String(seed)})`, () => {
  it.each(someOf(['own', 'shared'] as const, 0.5))(
    'change one volume, with %s records, and one is killed in the middle',
    async (records) => {
      await using database = records === 'shared' ? await PostgresServer.start() : undefined;
      const mountPoint = await hosts.manage(await database?.database({ socket: true }));
      const volume = await WantedVolume.create(hosts, new Seeded(seed), records);
      for (let round = 0; round < ROUNDS; round += 1) await volume.round();
      await volume.killedRound(seed % 2 === 0 ? 0 : 1);
      await volume.requireWhole(mountPoint);
      await volume.remove();
      await hosts.endManagers();
    },
  );

  it("take one another's volumes over rightly, or are refused", async () => {
    await hosts.manage();
    const [first, second] = hosts.managers;
    const make = async (name: string): Promise<string> =>
      (await first.do<{ id: string }>({ do: 'create-volume', name })).id;
    const [chained, plain] = [await make('chained'), await make('plain')];
    await first.do({ do: 'snapshot', volume: chained, name: 'monday' });
    const write = { offset: 0, length: 4096, byte: 7 };
    await first.do({ do: 'write', volume: plain, write });
    const digest = { do: 'digest', kind: 'volume', length: 8192 } as const;
    const before = await first.do({ ...digest, id: plain });

    const refused = await second.try({ do: 'manage', file: `volume-${chained}`, name: 'mine' });
    expect(refused).toMatchObject({ end: 'failed', failure: expect.stringContaining('adopt') as string });
    const { id } = await second.do<{ id: string }>({ do: 'manage', file: `volume-${plain}`, name: 'mine' });
    expect(await second.do({ ...digest, id })).toBe(before);
    // The first one is told what it has lost, and harms nothing.
    expect(await first.try({ ...digest, id: plain })).toMatchObject({ code: 'volume-not-found' });
    expect(await first.do({ do: 'audit' })).toContain(`missing ${plain}`);
    await first.do({ do: 'delete-volume', volume: plain });
    expect(await second.do({ ...digest, id })).toBe(before);

    expect(await second.do({ do: 'adopt' })).toEqual([chained]);
    expect(await second.do({ do: 'adopt' })).toEqual([]);
    expect((await second.look()).snapshots).toHaveLength(1);
  });
});
