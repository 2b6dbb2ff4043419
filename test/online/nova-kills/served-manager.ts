import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { OrderedProgram } from '../../support/ordered-program.js';
import type { ManagerLook, ManagerOrder, ManagerStart } from './orders.js';

/** Compiled beforehand: a program starts much faster so. */
function programFile(): string {
  const [beside, compiled] = ['./program.js', '../../dist/online/nova-kills/program.js'].map((name) =>
    fileURLToPath(new URL(name, import.meta.url)),
  ) as [string, string];
  return existsSync(beside) ? beside : compiled;
}

/** A manager with its HTTP side in a process of its own, which is killed at some moment. */
export class ServedManager extends OrderedProgram<ManagerStart, ManagerOrder> {
  constructor() {
    super([process.execPath, programFile()]);
  }

  async look(volume: string): Promise<ManagerLook> {
    return this.do<ManagerLook>({ do: 'look', volume });
  }
}
