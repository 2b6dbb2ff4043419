import { jest } from '@jest/globals';
import type { Command } from 'commander';
import { main } from './main.js';
import { createProgram } from './program.js';

interface Ended {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

async function run(...argv: string[]): Promise<Ended> {
  const out = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  const err = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  const status = await main(argv);
  const written = ({ mock }: typeof out): string => mock.calls.map(([text]) => String(text)).join('');
  return { status, out: written(out), err: written(err) };
}

/** The words of every command that does something: `volume create`. */
function leavesOf(command: Command, path: string[] = []): string[][] {
  const children = command.createHelp().visibleCommands(command);
  return children
    .filter((child) => child.name() !== 'help')
    .flatMap((child) => {
      const own = [...path, child.name()];
      return child.commands.length === 0 ? [own] : leavesOf(child, own);
    });
}

const COMMANDS = [
  'serve',
  ...['create', 'list', 'show', 'delete', 'extend', 'revert', 'set', 'migrate', 'retype', 'reset'],
  ...[
    'export',
    'import',
    'connect',
    'chain',
    'blockers',
    'manageable',
    'manage',
    'unmanage',
    'attach',
    'detach',
  ],
];

describe('the command', () => {
  it('has every command of volumes, and serve', () => {
    const found = leavesOf(createProgram()).map((path) => path.join(' '));
    expect(found).toEqual(
      expect.arrayContaining(COMMANDS.map((name) => (name === 'serve' ? name : `volume ${name}`))),
    );
  });

  it.each(leavesOf(createProgram()).map((path) => [path.join(' '), path] as const))(
    'explains %s',
    async (name, path) => {
      const { status, out, err } = await run(...path, '--help');
      expect({ status, err }).toEqual({ status: 0, err: '' });
      expect(out).toContain(`Usage: scoria ${name}`);
      // A sentence about it follows.
      expect(out.split('\n')[2]).toMatch(/^[a-z].{10,}/);
    },
  );

  it('explains itself, with examples and exit statuses', async () => {
    const { out } = await run('--help');
    expect(out).toMatch(/--config <file>.*--json.*--project <id>.*--verbose/s);
    expect(out).toContain('Exit status: 0 done, 1 failed, 2 wrong usage.');
  });

  it.each([
    ['frobnicate', "unknown command 'frobnicate'; see scoria --help"],
    ['volum list', "unknown command 'volum'; did you mean volume?"],
    ['volume creat x', "unknown command 'creat'; did you mean create?"],
    ['volume create', "missing required argument 'name'; see scoria volume create --help"],
    ['volume create x --sise 1', "unknown option '--sise'; did you mean --size?"],
    ['volume create x --size', "option '--size <gib>' argument missing; see scoria volume create --help"],
    ['volume create x', 'a new volume needs --size GIB, or a source: --from-snapshot S or --from-volume V'],
    [
      'volume create x --from-snapshot a --from-volume b',
      '--from-snapshot and --from-volume exclude each other: a volume has one source',
    ],
    ['volume create x --size 0', 'a size must be a whole number of GiB from 1, and is "0"'],
    [
      'volume create x --size 10G',
      'a size must be a whole number of GiB from 1, and is "10G"; leave the unit out',
    ],
    ['volume create x --size 1 --property a', 'expected KEY=VALUE, and got "a"'],
    ['volume create x --size 1 --property =a', 'expected KEY=VALUE, and got "=a"'],
    ['volume extend x 1.5', 'a size must be a whole number of GiB from 1, and is "1.5"'],
    ['volume set x', 'say what to change: --name, --description or --property'],
    [
      'volume manage local y',
      "required option '--name <name>' not specified; see scoria volume manage --help",
    ],
    ['volume import x y --offset -1', 'an offset must be a whole number of bytes from 0, and is "-1"'],
    ['volume import x /nowhere/y --format qcow2', 'the file /nowhere/y cannot be read (ENOENT)'],
    [
      'volume import x - --format qcow2',
      '--format qcow2 needs a file, and its disk begins where the volume begins',
    ],
    [
      'volume import x y --format vmdk',
      "option '--format <format>' argument 'vmdk' is invalid. Allowed choices are raw, qcow2; see scoria volume import --help",
    ],
    ['volume import x /nowhere/y', 'the file /nowhere/y cannot be read (ENOENT)'],
    ['volume import x /', '/ is a directory; name a file'],
    ['volume export x /', '/ is a directory; name a file'],
    [
      'volume export x /dev/null',
      '/dev/null is there already; name another file, or replace it with --force',
    ],
    [
      'volume attach x --monitor guest.sock',
      "--monitor must be the absolute path of the guest's monitor socket (qemu -qmp unix:PATH,...), and guest.sock " +
        'is relative',
    ],
    [
      'volume attach x --monitor /dev/null',
      "--monitor must be the absolute path of the guest's monitor socket (qemu -qmp unix:PATH,...), and /dev/null " +
        'is no socket',
    ],
    [
      'volume attach x --monitor /nowhere/guest.sock',
      "--monitor must be the absolute path of the guest's monitor socket (qemu -qmp unix:PATH,...), and " +
        '/nowhere/guest.sock cannot be looked at (ENOENT)',
    ],
    [
      'volume attach x --connector /nowhere/connector',
      '--connector is a file or JSON ({ "initiator": ... }), and /nowhere/connector cannot be read (ENOENT)',
    ],
    [
      'volume attach x --connector {"initiator":',
      'the connector {"initiator": is no JSON object, such as { "initiator": "iqn.1994-05..." }',
    ],
    [
      'volume attach x --host a --connector {"host":"b"}',
      '--host is "a", and the connector\'s host "b"; name one of them',
    ],
    ['volume attach x --connector {"host":7}', "the connector's host must be its name, and is 7"],
    ['volume list --limit 0', '--limit must be a whole number from 1, and is "0"'],
    [
      'volume delete a b',
      "too many arguments for 'delete'. Expected 1 argument but got 2; see scoria volume delete --help",
    ],
    [
      'snapshot list --status no',
      '--status must be one of creating, available, deleting, backing-up, restoring, updating, error, ' +
        'error_deleting, and is "no"',
    ],
    [
      'operation list --status no',
      "option '--status <status>' argument 'no' is invalid. Allowed choices are running, succeeded, failed, " +
        'cancelled; see scoria operation list --help',
    ],
    [
      'backend audit local --collect-orphans',
      '--collect-orphans deletes data that no record knows; look first, then add --yes',
    ],
    ['quota set disks 1', 'a quota is of volumes, snapshots, gigabytes, and not of "disks"'],
    ['quota set volumes many', 'a limit must be a whole number, or -1 for none, and is "many"'],
    ['completion ksh', 'completion is for bash, zsh, fish, and not for "ksh"'],
    ['serve --listen 8776', '--listen must be HOST:PORT, such as 127.0.0.1:8776, and is "8776"'],
    ['serve --listen a:99999', '--listen must be HOST:PORT, such as 127.0.0.1:8776, and is "a:99999"'],
  ])('refuses: %s', async (line, message) => {
    expect(await run(...line.split(' '))).toEqual({ status: 2, out: '', err: `scoria: ${message}\n` });
  });

  it('prints help where a command is missing', async () => {
    const { status, out, err } = await run('snapshot');
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err).toContain('Usage: scoria snapshot');
  });

  it('says errors as JSON to programs', async () => {
    const { status, out, err } = await run('volume', 'create', 'x', '--size', '0', '--json');
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(JSON.parse(err)).toEqual({
      error: {
        code: 'usage',
        message: 'a size must be a whole number of GiB from 1, and is "0"',
        details: {},
      },
    });
  });
});
