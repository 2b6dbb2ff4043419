import type { Findings } from './image-finding.js';
import { VHDX_TABLE_ENTRIES_MAX, type VhdxTable } from './vhdx-layout.js';

/** What is unsafe about a table: too long, an entry twice, an unknown entry that must be understood. */
export function judgeVhdxTable(
  table: VhdxTable,
  name: string,
  known: readonly string[],
  findings: Findings,
): void {
  findings.when(!table.valid, 'corrupt', `the VHDX ${name} has no signature`);
  findings.bounds(
    table.count <= VHDX_TABLE_ENTRIES_MAX,
    `entries of the ${name}`,
    table.count,
    `at most ${VHDX_TABLE_ENTRIES_MAX}`,
  );
  const guids = table.entries.map((entry) => entry.guid);
  const twice = guids.find((guid, index) => guids.indexOf(guid) !== index);
  findings.when(twice !== undefined, 'ambiguous-header', `entry ${twice ?? ''} is in the ${name} twice`);
  const unknown = table.entries.find((entry) => entry.required && !known.includes(entry.guid));
  findings.when(
    unknown !== undefined,
    'unknown-features',
    `required entry ${unknown?.guid ?? ''} of the ${name} is not known`,
  );
}
