import type { Command } from 'commander';
import { UsageError } from '../usage-error.js';
import type { ReadSession } from '../read-session.js';
import { action } from './command-env.js';

/** A shell takes words of completion apart and expands them: nothing but these may be in one. */
const PLAIN = /^[\w][\w.-]*$/;

const LISTS: Readonly<Record<string, (session: ReadSession) => Promise<string[]>>> = {
  volume: async ({ store, caller: { projectId } }) => nameOrId(await store.listVolumes({ projectId })),
  snapshot: async ({ store, caller: { projectId } }) => nameOrId(await store.listSnapshots({ projectId })),
  attachment: async ({ store, caller: { projectId } }) => {
    const { findAttachments } = await import('@scoria/manager/records');
    return (await findAttachments(store, projectId)).map(({ id }) => id);
  },
  backend: ({ configuration }) => Promise.resolve([...configuration.enabledBackends]),
};

/** What completion asks for: the names of what there is, a line each. */
export function addNamesCommand(program: Command): void {
  program
    .command('names', { hidden: true })
    .argument('<kind>', Object.keys(LISTS).join(', '))
    .action(
      action<[string]>(async (globals, _options, kind) => {
        const list = LISTS[kind];
        if (list === undefined) throw new UsageError(`there are no names of ${JSON.stringify(kind)}`);
        const { inReadSession } = await import('../read-session.js');
        await inReadSession(globals, async (session) => {
          const names = (await list(session)).filter((name) => PLAIN.test(name));
          process.stdout.write(names.map((name) => `${name}\n`).join(''));
        });
      }),
    );
}

/** The name where one object has it, and a shell can take it; the id otherwise. */
function nameOrId(objects: readonly { readonly id: string; readonly name: string }[]): string[] {
  const count = new Map<string, number>();
  for (const { name } of objects) count.set(name, (count.get(name) ?? 0) + 1);
  return objects.map(({ id, name }) => (count.get(name) === 1 && PLAIN.test(name) ? name : id));
}
