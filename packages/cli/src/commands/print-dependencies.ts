import type { Globals } from '../globals.js';
import { printable } from '../output/escape.js';
import { inSession } from '../session.js';

/** What an object depends on, what depends on it, and what would let it be deleted. */
export async function printDependencies(
  globals: Globals,
  kind: 'volume' | 'snapshot',
  name: string,
): Promise<void> {
  await inSession(globals, async ({ manager, caller, printer }) => {
    const { subject, dependsOn, dependents, blockers } = await manager.dependencies(caller, kind, name);
    if (printer.isJson) {
      printer.document({ ...subject, depends_on: dependsOn, dependents, blockers });
      return;
    }
    const named = (one: { kind: string; id: string; name?: string }): string =>
      `${one.kind} ${one.name === undefined || one.name === one.id ? '' : `${one.name} `}${one.id}`;
    const lines = [
      named(subject),
      ...dependsOn.map((one) => `  depends on ${named(one)}: ${one.relation}`),
      ...dependents.map((one) => `  needed by ${named(one)}: ${one.relation}`),
      ...blockers.map(
        (one) => `  delete is blocked by ${named(one)}: ${one.relation}; to free it: ${one.remedy}`,
      ),
      ...(blockers.length === 0 ? ['  nothing is in the way of deleting it'] : []),
    ];
    printer.text(lines.map(printable).join('\n'));
  });
}
