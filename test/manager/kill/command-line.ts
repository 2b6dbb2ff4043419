import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { programOf } from '../../commands/run-program.js';
import { cellBytes, offsetOf } from './cells.js';
import type { OrderEnd } from './killable-manager.js';
import type { Order } from './orders.js';

/** Carries an order out by the command that a person would type, killed after a while if it has not ended. */
export async function command(directory: string, order: Order, killAfterMs: number): Promise<OrderEnd> {
  const program = programOf('packages/cli/bin/scoria.cjs');
  const child = spawn(process.execPath, [program, ...argumentsOf(order)], { cwd: directory });
  child.stdin.on('error', () => undefined);
  child.stdin.end(order.do === 'write' ? Buffer.concat(order.cells.map(([, seed]) => cellBytes(seed))) : '');
  child.stdout.resume();
  const timer = setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  const [said, [status, signal]] = await Promise.all([
    text(child.stderr),
    once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>,
  ]);
  clearTimeout(timer);
  if (signal !== null) return { end: 'killed' };
  return status === 0
    ? { end: 'done', result: undefined }
    : { end: 'failed', code: String(status), message: said };
}

function argumentsOf(order: Order): string[] {
  switch (order.do) {
    case 'create-snapshot':
      return ['snapshot', 'create', order.volume, order.name];
    case 'delete-snapshot':
      return ['snapshot', 'delete', order.snapshot];
    default:
      return ['volume', ...volumeArguments(order)];
  }
}

function volumeArguments(order: Exclude<Order, { do: 'create-snapshot' | 'delete-snapshot' }>): string[] {
  switch (order.do) {
    case 'create-volume':
      return ['create', order.name, '--size', String(order.gib), '--backend', order.backend];
    case 'from-snapshot':
      return ['create', order.name, '--from-snapshot', order.snapshot];
    case 'clone':
      return ['create', order.name, '--from-volume', order.volume];
    case 'delete-volume':
      return ['delete', order.volume, '--cascade'];
    case 'extend':
      return ['extend', order.volume, String(order.gib)];
    case 'revert':
      return ['revert', order.volume, order.snapshot];
    case 'migrate':
      return ['migrate', order.volume, order.backend];
    case 'write':
      return ['import', order.volume, '-', '--offset', String(offsetOf(order.cells[0]?.[0] ?? 0))];
  }
}
