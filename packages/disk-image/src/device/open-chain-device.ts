import type { CommandRunner, BlockDevice, DeviceMode } from '@scoria/core';

import { chainGraph } from '../qemu-img/block-graph.js';
import type { ChainLayer } from '../qemu-img/chain-layer.js';
import { readVirtualSize } from '../qemu-img/virtual-size.js';
import { NbdClient } from './nbd-client.js';
import { NbdDevice, type SnapshotPlace } from './nbd-device.js';
import { NbdServer } from './nbd-server.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const SILENCE_MS = 300_000;

export interface ChainDeviceRequest {
  /** The verified chain, active layer first, base last: nothing is read from a header that is not given here. */
  readonly layers: readonly ChainLayer[];
  readonly mode: DeviceMode;
  /** Aborting it takes the device away at once; what was not flushed may be lost. An `OperationContext` has it. */
  readonly signal: AbortSignal;
  /**
   * The index in `layers` of the file with the data of a snapshot, `undefined` for a snapshot that is not below.
   * Without this function `changedExtents` is not supported.
   */
  readonly layerOfSnapshot?: (snapshotId: string) => number | undefined;
  /** The device is taken away after this long; a day unless told. */
  readonly lifetimeMs?: number;
  /** How long the server may leave requests unanswered; 5 minutes unless told. */
  readonly silenceMs?: number;
  /** See `CommandRequest.locksIn`. */
  readonly locksIn?: readonly string[];
}

/**
 * Opens the raw view of a chain of qcow2 and raw files. Only the active layer is ever written. Raises `unavailable`
 * when qemu-nbd is not installed, `volume-busy` when another process has the files open in a way that does not
 * allow it, `cancelled`, `timeout`, otherwise `failed`.
 */
export async function openChainDevice(
  commands: CommandRunner,
  request: ChainDeviceRequest,
): Promise<BlockDevice> {
  const { layers, mode, signal, layerOfSnapshot, silenceMs = SILENCE_MS, locksIn } = request;
  const what = layers[0]?.path ?? 'an empty chain';
  const graph = chainGraph(layers, { writable: mode === 'read-write' ? 1 : 0 });
  const lifetimeMs = request.lifetimeMs ?? DAY_MS;
  const server = await NbdServer.start(commands, {
    ...{ graph, mode, what, signal, lifetimeMs },
    ...(locksIn === undefined ? {} : { locksIn }),
  });
  try {
    const depth = layerOfSnapshot === undefined ? [] : (['qemu:allocation-depth'] as const);
    const options = { what, contexts: ['base:allocation', ...depth] as const, silenceMs };
    const client = await server.connected((path) => NbdClient.connect(path, options));
    const parts = { what, server, client, mode, signal };
    if (layerOfSnapshot === undefined) return new NbdDevice(parts);
    return new NbdDevice({ ...parts, findSnapshot: (id) => placeOf(layers, layerOfSnapshot(id)) });
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function placeOf(
  layers: readonly ChainLayer[],
  index: number | undefined,
): Promise<SnapshotPlace | undefined> {
  const layer = index === undefined ? undefined : layers[index];
  if (index === undefined || layer === undefined) return undefined;
  return { layersAbove: index, sizeBytes: await readVirtualSize(layer) };
}
