import type { OperationContext, Snapshot, Volume } from '@scoria/core';
import { createContext, MIB } from '@scoria/core';
import { randomUUID } from 'node:crypto';
import { MemoryLogger } from './fakes/memory-logger.js';

/** A volume of 4 MiB that is about to be created, with what `overrides` says. */
export function makeVolume(overrides: Partial<Volume> = {}): Volume {
  const id = overrides.id ?? randomUUID();
  return {
    id,
    name: `test ${id}`,
    sizeBytes: 4 * MIB,
    status: 'creating',
    providerMetadata: {},
    ...overrides,
  };
}

/** A snapshot of `volume` that is about to be taken. */
export function makeSnapshot(volume: Volume, overrides: Partial<Snapshot> = {}): Snapshot {
  const id = overrides.id ?? randomUUID();
  return { id, name: `test ${id}`, volume, sizeBytes: volume.sizeBytes, providerMetadata: {}, ...overrides };
}

export interface MakeContextOptions {
  readonly logger?: OperationContext['logger'];
  readonly signal?: AbortSignal;
  readonly onStep?: (name: string) => void | Promise<void>;
}

/** The context of an operation that nobody watches. */
export function makeContext(options: MakeContextOptions = {}): OperationContext {
  return createContext({ requestId: `req-${randomUUID()}`, logger: new MemoryLogger(), ...options });
}
