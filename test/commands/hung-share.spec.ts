import { GlusterServer } from '../support/gluster-server.js';
import { someOf } from '../support/some-of.js';
import { ServingHost } from './hung-share/serving-host.js';
import type { Trouble } from './hung-share/serving-host.js';
import type { Ended } from './run-program.js';

/* A manager and commands beside it, where the share of one of their backends hangs before they begin. */

const REASON =
  '10\\.77\\.0\\.1:/volumes: (its file system gives no answer within 3 s|it is not connected|it has not answered so far);' +
  ' see whether its server is up and can be reached';
/** The one line on which a command says why it has failed. */
const FAILURE = new RegExp(
  `^scoria: backend far is down: no share of \\S+ can be used: ${REASON}[^\\n]*\\n$`,
);
const FAR_DOWN = new RegExp(`^no share can be used, so there is no place for a volume: ${REASON}`);

let server: GlusterServer;
let host: ServingHost;
beforeAll(async () => {
  server = await GlusterServer.start();
  host = await ServingHost.start(server, 'volumes');
  const volumes = ['snapped', 'grown', 'read'];
  await Promise.all(
    volumes.map((name) => host.ask('volume', 'create', name, '--size', '1', '--backend', 'far')),
  );
  await host.ask('volume', 'create', 'here', '--size', '1', '--backend', 'near');
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const FAR: readonly string[] = [
  'snapshot create snapped never',
  'volume extend grown 2',
  'volume export read never.img',
  'volume create never --size 1 --backend far',
  'volume chain snapped',
  'backend audit far',
];

async function states(): Promise<string[]> {
  const volumes = (await host.ask('volume', 'list')) as { name: string; status: string }[];
  return volumes.map(({ name, status }) => `${name} ${status}`).sort();
}

async function all(commands: readonly string[]): Promise<[command: string, end: Ended][]> {
  return Promise.all(
    commands.map(async (command): Promise<[string, Ended]> => [
      command,
      await host.scoria(...command.split(' ')),
    ]),
  );
}

describe.each<Trouble>(['its client stands still', 'its network is cut'])(
  'a share that hangs as %s',
  (trouble) => {
    it('ends what is asked of it in time, and nothing else', async () => {
      const before = await states();
      {
        await using _trouble = await host.trouble(trouble);
        const [failed, done] = await Promise.all([
          all([...someOf(FAR, 0.5), 'backend check far']),
          all([`snapshot create here ${trouble.split(' ')[1]!}`, 'volume show read', 'volume list']),
        ]);
        for (const [command, { status, stderr }] of failed.slice(0, -1))
          expect([command, status, stderr]).toEqual([command, 1, expect.stringMatching(FAILURE)]);
        expect(failed.at(-1)?.[1]).toMatchObject({
          status: 1,
          stderr: '',
          stdout: expect.stringMatching(REASON) as string,
        });
        for (const [command, { status, stderr }] of done)
          expect([command, status, stderr]).toEqual([command, 0, '']);
        const [far] = await host.seen('far is down, near is up');
        expect(far?.reason).toMatch(FAR_DOWN);
        expect(await host.readiness()).toMatchObject({
          ready: true,
          backends: [{ state: 'down' }, { state: 'up' }],
        });
        expect(await states()).toEqual(before);
      }
      await host.seen('far is up, near is up');
      expect((await host.scoria('snapshot', 'create', 'snapped', trouble)).stderr).toBe('');
      expect(await host.scoria('backend', 'audit', 'far')).toMatchObject({ status: 0 });
    });
  },
);

it('a manager is told to stop while its share hangs, and does', async () => {
  {
    await using _trouble = await host.trouble('its client stands still');
    await host.seen('far is down, near is up');
    expect(await host.stop()).toBe(0);
  }
  expect(await host.programs()).toEqual([]);
});
