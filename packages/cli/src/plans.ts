import type { OperationPlan } from '@scoria/manager';
import type { Printer } from './output/printer.js';
import { printable } from './output/escape.js';

/** Shows what would be done; true if it would be. */
export function printPlan(printer: Printer, plan: OperationPlan): boolean {
  if (printer.isJson) {
    printer.document(plan);
    return plan.problems.length === 0;
  }
  const { operation, subject, backend, steps, problems } = plan;
  const where = backend === undefined ? '' : ` on backend ${backend}`;
  const lines = [
    `${operation}: ${subject}${where}`,
    ...steps.map((step, index) => `  ${String(index + 1)}. ${step}`),
    ...problems.map((problem) => `  refused: ${problem}`),
    problems.length === 0 ? 'Nothing was changed.' : 'It would not be begun. Nothing was changed.',
  ];
  printer.text(lines.map(printable).join('\n'));
  return problems.length === 0;
}
