import { createHash } from 'node:crypto';

/** The name of the node that is opened for a file. QEMU's names have at most 31 characters. */
export function nodeName(file: string): string {
  return `scoria-${createHash('sha256').update(file).digest('hex').slice(0, 24)}`;
}
