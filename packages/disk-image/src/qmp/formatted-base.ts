import { DriverError, type DiskFile } from '@scoria/core';

import type { BlockNode } from './block-graph.js';
import type { QmpExecutor } from './qmp-connection.js';

interface SchemaEntry {
  readonly name: string;
  readonly 'meta-type': string;
  readonly 'arg-type'?: string;
  readonly members?: readonly { readonly name: string }[];
}

/**
 * What a job has to be told so that it writes the base's format into the header of the file that is above it then.
 * Where a raw file was opened without a node of its format, QEMU would name the protocol (`file`) as the format.
 * @throws DriverError `failed` where that cannot be avoided; nothing was changed
 */
export async function namingFormat(
  monitor: QmpExecutor,
  command: string,
  { node, base }: { readonly node: BlockNode; readonly base: DiskFile },
): Promise<Readonly<Record<string, unknown>>> {
  if (node.driver === base.format) return {};
  if (node.driver === 'raw' || node.driver === 'qcow2' || base.format !== 'raw')
    throw otherFormat(node, base);
  if (await takesOption(monitor, command, 'backing-mask-protocol')) return { 'backing-mask-protocol': true };
  throw needsFormatNode(node);
}

async function takesOption(monitor: QmpExecutor, command: string, option: string): Promise<boolean> {
  const schema = (await monitor.execute('query-qmp-schema')) as readonly SchemaEntry[];
  const entry = schema.find(({ name, 'meta-type': type }) => name === command && type === 'command');
  const type = schema.find(({ name }) => name === entry?.['arg-type']);
  return type?.members?.some(({ name }) => name === option) ?? false;
}

function otherFormat(node: BlockNode, base: DiskFile): DriverError {
  const message = `the hypervisor has ${base.path} open as ${node.driver}, and it is ${base.format}; stop the guest, and look at its configuration`;
  return new DriverError({ code: 'failed', message });
}

function needsFormatNode(node: BlockNode): DriverError {
  const message = `the hypervisor has ${node.file} open without a node of its format, and is too old to write it into a header; start the guest anew with such a node (driver=raw), or delete the snapshot while the volume is detached`;
  return new DriverError({ code: 'failed', message });
}
