import type { AdoptionReport, AuditFinding, AuditReport } from '@scoria/manager';
import { printable } from './escape.js';
import type { Fields } from './json.js';

/** An audit by kinds of findings. */
export function auditFields({ findings, ...report }: AuditReport): Fields {
  const of = (kind: AuditFinding['kind']): AuditFinding[] =>
    findings.filter((finding) => finding.kind === kind);
  return {
    backend: report.backend,
    checked_volumes: report.checkedVolumes,
    checked_snapshots: report.checkedSnapshots,
    orphans: of('orphan'),
    missing: of('missing'),
    mismatched: of('mismatched'),
    quota: of('quota'),
    stuck: of('stuck'),
    repaired: report.repaired,
  };
}

export function adoptionFields({ backend, dryRun, adopted, alreadyKnown, refused }: AdoptionReport): Fields {
  return { backend, dry_run: dryRun, adopted, already_known: alreadyKnown, refused };
}

export function describeAudit(report: AuditReport): string {
  const { backend, checkedVolumes, checkedSnapshots, findings, repaired } = report;
  const lines = findings.flatMap(({ kind, resourceKind, id, name, problem, repair }) => [
    `${kind}: ${resourceKind} ${name === undefined || name === id ? '' : `${name} `}${id}: ${problem}`,
    ...(repair === undefined ? [] : [`  to mend it: ${repair}`]),
  ]);
  const counted = `${String(checkedVolumes)} volume(s) and ${String(checkedSnapshots)} snapshot(s) checked on ${backend}`;
  const found = findings.length === 0 ? 'nothing is wrong' : `${String(findings.length)} finding(s)`;
  return [...lines, ...repaired.map((done) => `done: ${done}`), `${counted}: ${found}`]
    .map(printable)
    .join('\n');
}

export function describeAdoption(report: AdoptionReport): string {
  const { backend, dryRun, adopted, alreadyKnown, refused } = report;
  const verb = dryRun ? 'would be adopted' : 'adopted';
  const lines = [
    ...adopted.flatMap(({ id, snapshots, changes }) => [
      `volume ${id} with ${String(snapshots)} snapshot(s) ${verb}`,
      ...changes.map((change) => `  ${change}`),
    ]),
    ...refused.flatMap(({ id, problems }) => [
      `volume ${id} cannot be adopted`,
      ...problems.map((problem) => `  ${problem}`),
    ]),
    `${backend}: ${String(adopted.length)} ${verb}, ${String(alreadyKnown)} known already, ${String(refused.length)} refused`,
  ];
  return lines.map(printable).join('\n');
}
