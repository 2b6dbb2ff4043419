import { scoria } from '../../commands/run-program.js';
import type { OrderEnd } from '../kill/killable-manager.js';
import type { RaceOrder } from './contests.js';
import type { Racer } from './racer.js';

/** Carries an order out by the command that a person would type. */
export class CommandRacer implements Racer {
  constructor(private readonly directory: string) {}

  async obey(order: RaceOrder): Promise<OrderEnd> {
    const { status, stderr } = await scoria(this.directory, '--json', ...argumentsOf(order));
    if (status === 0) return { end: 'done', result: undefined };
    const { error } = JSON.parse(stderr) as { error: { code: string; message: string } };
    return { end: 'failed', ...error };
  }
}

function argumentsOf(order: RaceOrder): string[] {
  switch (order.do) {
    case 'delete-volume':
      return ['volume', 'delete', order.volume, '--cascade'];
    case 'extend':
      return ['volume', 'extend', order.volume, String(order.gib)];
    case 'create-snapshot':
      return ['snapshot', 'create', order.volume, order.name];
    case 'clone':
      return ['volume', 'create', order.name, '--from-volume', order.volume];
    case 'revert':
      return ['volume', 'revert', order.volume, order.snapshot];
    case 'migrate':
      return ['volume', 'migrate', order.volume, order.backend];
  }
}
