import type { BlockDevice } from '@scoria/core';
import { MIB } from '@scoria/core';
import { patternBytes } from '@scoria/testkit';

/** What one write of the system puts down whole or not at all, even when the process is killed in it. */
const CELL_BYTES = 4096;
const CHUNK_BYTES = 4 * MIB;
const EMPTY = Buffer.alloc(CELL_BYTES);

/** What is in a device: the seed of each cell that is not zeroes, by the cell's number. */
export type Cells = ReadonlyMap<number, number>;

/** Writes and flushes. */
export async function writeCells(
  device: BlockDevice,
  cells: Iterable<readonly [number, number]>,
): Promise<void> {
  for (const [cell, seed] of cells) await device.write(cell * CELL_BYTES, cellBytes(seed));
  await device.flush();
}

/** Reads every byte that is not known to be zero. @throws Error where a cell is none that anybody wrote */
export async function readCells(device: BlockDevice): Promise<Map<number, number>> {
  const found = new Map<number, number>();
  for await (const { kind, offset, length } of device.extents()) {
    if (kind === 'zero') continue;
    const end = Math.min(device.sizeBytes, roundUp(offset + length));
    for (let at = roundDown(offset); at < end; at += CHUNK_BYTES)
      decode(await device.read(at, Math.min(CHUNK_BYTES, end - at)), at / CELL_BYTES, found);
  }
  return found;
}

export function sameCells(one: Cells, other: Cells): boolean {
  return one.size === other.size && [...one].every(([cell, seed]) => other.get(cell) === seed);
}

/** The seed, and then bytes that only it makes. */
export function cellBytes(seed: number): Buffer {
  const bytes = patternBytes(seed, CELL_BYTES);
  bytes.writeUInt32LE(seed, 0);
  return bytes;
}

export function offsetOf(cell: number): number {
  return cell * CELL_BYTES;
}

function decode(chunk: Buffer, firstCell: number, found: Map<number, number>): void {
  for (let start = 0; start < chunk.length; start += CELL_BYTES) {
    const bytes = chunk.subarray(start, start + CELL_BYTES);
    if (bytes.equals(EMPTY)) continue;
    const seed = bytes.readUInt32LE(0);
    const cell = firstCell + start / CELL_BYTES;
    if (!bytes.equals(cellBytes(seed))) throw new Error(`cell ${String(cell)} holds what nobody wrote`);
    found.set(cell, seed);
  }
}

function roundDown(offset: number): number {
  return offset - (offset % CELL_BYTES);
}

function roundUp(offset: number): number {
  return roundDown(offset + CELL_BYTES - 1);
}
