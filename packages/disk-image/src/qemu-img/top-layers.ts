import { isDriverError } from '@scoria/core';

import { chainGraph, type BlockNode } from './block-graph.js';
import type { ChainLayer } from './chain-layer.js';
import { withUnreadableBacking } from './unreadable-backing.js';
import { readVirtualSize } from './virtual-size.js';

type GraphWork = (graph: BlockNode) => Promise<void>;

/**
 * Writes to the first `count` layers with those below kept closed, so that the work does not grow with the depth
 * of the chain. What is below cannot simply be left out: qemu would take it for zeroes, skip zeroes that have to
 * be written over data, and complete partly written clusters with zeroes. Where the work does need data from
 * below (clusters of different sizes), it fails and is done again with the whole chain open.
 *
 * @param work must bear being repeated after it failed half-way
 */
export async function onTopLayers(
  layers: readonly ChainLayer[],
  count: number,
  work: GraphWork,
): Promise<void> {
  const top = layers.slice(0, count);
  const [below] = layers.slice(count);
  const lowest = top.at(-1);
  if (below === undefined || lowest?.format !== 'qcow2') {
    await work(chainGraph(top, { writable: count }));
    return;
  }
  // As large as both: qemu completes reads beyond the end of a backing file with zeroes, without an error,
  // and must see it when growing the layer would bring data of a larger one below to light.
  const sizeBytes = Math.max(await readVirtualSize(lowest), await readVirtualSize(below));
  try {
    await withUnreadableBacking(sizeBytes, (node) => work(chainGraph(top, { writable: count, below: node })));
  } catch (error) {
    if (!isDriverError(error, 'failed')) throw error;
    await work(chainGraph(layers, { writable: count }));
  }
}
