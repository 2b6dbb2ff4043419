import { DriverError, type DiskFile } from '@scoria/core';

import { BlockGraph, type BlockNode } from './block-graph.js';
import { nodeName } from './node-name.js';
import { overlayOptions } from './overlay-node.js';
import type { QmpExecutor } from './qmp-connection.js';

interface SchemaEntry {
  readonly name: string;
  readonly 'meta-type': string;
  readonly 'arg-type'?: string;
  readonly members?: readonly { readonly name: string }[];
}

/**
 * Sees to it that a job that makes `base` the backing file of a file writes the base's format into that file's header.
 * Where a raw file was opened without a node of its format, QEMU would name the protocol (`file`) as the format.
 * @param above the file that `base` is below of now
 * @returns the options that the job needs for it
 */
export async function namingFormat(
  monitor: QmpExecutor,
  command: string,
  { above, base }: { readonly above: string; readonly base: DiskFile },
): Promise<Readonly<Record<string, unknown>>> {
  const graph = await BlockGraph.read(monitor);
  const [node, upper] = [graph.find(base.path), graph.find(above)];
  if (node === undefined || node.driver === base.format) return {};
  if (node.driver === 'raw' || node.driver === 'qcow2' || base.format !== 'raw')
    throw otherFormat(node, base);
  if (await takesOption(monitor, command, 'backing-mask-protocol')) return { 'backing-mask-protocol': true };
  await putFormatBetween(monitor, upper, node);
  return {};
}

/** Older ones cannot be told: the base gets a node of its format after all. */
async function putFormatBetween(
  monitor: QmpExecutor,
  above: BlockNode | undefined,
  base: BlockNode,
): Promise<void> {
  // A node is opened anew with all its options, and only those of our own nodes are known.
  if (above?.name !== nodeName(above?.file ?? '')) throw needsFormatNode(base);
  const name = nodeName(`raw ${base.file}`);
  const raw = { driver: 'raw', 'node-name': name, file: base.name, 'read-only': true };
  await monitor.execute('blockdev-add', raw);
  const options = { ...overlayOptions(above, above, name), 'read-only': true };
  try {
    await monitor.execute('blockdev-reopen', { options: [options] });
  } catch (error) {
    await monitor.execute('blockdev-del', { 'node-name': name });
    throw error;
  }
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
  const message = `the hypervisor has ${node.file} open without a node of its format, and is too old to name it in a header; start the guest anew with such a node (driver=raw), or use QEMU 9.0`;
  return new DriverError({ code: 'failed', message });
}
