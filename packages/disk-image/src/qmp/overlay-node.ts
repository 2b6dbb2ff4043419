import { DriverError } from '@scoria/core';

import { BlockGraph, type BlockNode } from './block-graph.js';
import type { QmpExecutor } from './qmp-connection.js';

export interface OverlayNode {
  readonly name: string;
  readonly file: string;
}

type NodeOptions = Readonly<Record<string, unknown>>;

/**
 * The options of an overlay's node, which is open as the one that it is to be put above. It has no backing file to begin
 * with: the process has that open already, and gives it to no second one.
 */
function overlayOptions({ name, file }: OverlayNode, like: BlockNode): NodeOptions {
  const cache = { direct: like.cache.direct, 'no-flush': like.cache['no-flush'] };
  return {
    driver: 'qcow2',
    'node-name': name,
    backing: null,
    cache,
    'detect-zeroes': like.detectZeroes,
    discard: 'unmap',
    file: { driver: 'file', filename: file, cache, discard: 'unmap', 'auto-read-only': true },
  };
}

/**
 * Opens an overlay that is in no chain yet.
 * @throws DriverError `failed` where it is refused, or is not of the size of the disk; it is closed then
 */
export async function openOverlay(
  monitor: QmpExecutor,
  overlay: OverlayNode,
  below: BlockNode,
): Promise<void> {
  await monitor.execute('blockdev-add', overlayOptions(overlay, below));
  const node = (await BlockGraph.read(monitor)).nodes.find(({ name }) => name === overlay.name);
  if (node?.sizeBytes === below.sizeBytes) return;
  await monitor.execute('blockdev-del', { 'node-name': overlay.name });
  throw new DriverError({
    code: 'failed',
    message: `the overlay ${overlay.file} has ${String(node?.sizeBytes)} bytes, and ${below.file} has ${below.sizeBytes}; create it of that size`,
  });
}
