import { MIB } from '@scoria/core';

import { qemuName, type ImageFormat } from '../inspector/image-format.js';
import type { ChainLayer } from './chain-layer.js';
import { assertAbsolutePath } from './safe-names.js';

/** A node of qemu's block graph: `backing: null` is qemu's way to say that there is none, whatever the header says. */
export interface BlockNode {
  readonly driver: string;
  readonly [option: string]: string | number | boolean | BlockNode | null;
}

export interface ImageFile {
  /** Absolute. */
  readonly path: string;
  readonly format: ImageFormat;
}

/** Shared by the layers of a chain: the default, 32 MiB a layer, would break the memory limit on a deep one. */
const L2_CACHE_BYTES = 128 * MIB;

export interface ChainGraphOptions {
  /** How many layers, from the active one down, are opened for writing; none unless told. */
  readonly writable?: number;
  /** What is below the last layer; nothing unless told. */
  readonly below?: BlockNode;
}

/** A graph for reading one image alone; a backing file that its header may name is not opened. */
export function imageGraph(image: ImageFile): BlockNode {
  const node = layerNode(image, { depth: 1, writable: false });
  return image.format === 'qcow2' ? { ...node, backing: null } : node;
}

/**
 * A graph in which every driver and every file is given by `layers`, so that qemu looks for nothing in a header.
 * @param layers the active one first
 */
export function chainGraph(layers: readonly ChainLayer[], options: ChainGraphOptions = {}): BlockNode {
  const { writable = 0, below = null } = options;
  const graph = layers.reduceRight<BlockNode | null>((backing, layer, index) => {
    const node = layerNode(layer, { depth: layers.length, writable: index < writable });
    return layer.format === 'qcow2' ? { ...node, backing } : node;
  }, below);
  if (graph === null) throw new TypeError('a chain has at least one layer');
  return graph;
}

/** The graph as a file name that qemu's tools take. Nothing in it is probed: every node has its driver. */
export function graphName(graph: BlockNode): string {
  return `json:${JSON.stringify(graph)}`;
}

function layerNode(image: ImageFile, how: { depth: number; writable: boolean }): BlockNode {
  assertAbsolutePath(image.path);
  const node = {
    driver: qemuName(image.format),
    'read-only': !how.writable,
    discard: 'unmap',
    file: { driver: 'file', filename: image.path, discard: 'unmap' },
  };
  if (image.format !== 'qcow2') return node;
  return { ...node, 'l2-cache-size': Math.max(MIB, Math.floor(L2_CACHE_BYTES / Math.max(4, how.depth))) };
}
