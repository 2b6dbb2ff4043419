import type { AdoptableVolume, Volume } from '@scoria/core';
import type { Store, VolumeRecord } from '@scoria/store';
import { backendIdOf, toDriverVolume } from '../../driver-objects.js';
import { everyVolume } from '../every-page.js';
import type { BackendLook } from './backend-look.js';
import type { Finding } from './repair.js';

/**
 * What is on the backend and nobody knows: seen there before and after the records were read, which do not have it.
 * Whatever a manager makes has its record first and loses it last, so that none of its volumes is ever taken for one.
 */
export async function findOrphans(
  store: Store,
  look: BackendLook,
  listed: ReadonlyMap<string, AdoptableVolume> | undefined,
): Promise<Finding[]> {
  const known = await everyVolume(store);
  if (listed === undefined) return unknownNames(store, look, known);
  const ids = new Set(known.map(backendIdOf));
  const candidates = [...listed.values()].filter(({ id }) => !ids.has(id));
  const findings: Finding[] = [];
  for (const found of candidates) {
    const held = await store.operationsHolding('volume', found.id);
    if (held.length > 0 || (await isGone(look, found))) continue;
    findings.push(orphan(look.backend.name, found));
  }
  return findings;
}

/** What was found, as its driver would get it. */
export function foundVolume(found: AdoptableVolume): Volume {
  return {
    id: found.id,
    name: found.id,
    sizeBytes: found.sizeBytes,
    status: 'available',
    providerLocation: found.providerLocation,
    providerMetadata: found.providerMetadata,
  };
}

async function isGone(look: BackendLook, found: AdoptableVolume): Promise<boolean> {
  const { kind } = await look.look(foundVolume(found), []);
  return kind === 'gone' || kind === 'busy';
}

function orphan(backend: string, found: AdoptableVolume): Finding {
  const { id, sizeBytes, snapshots, problems } = found;
  const finding = { kind: 'orphan', resourceKind: 'volume', id } as const;
  if (problems.length > 0) {
    return { finding: { ...finding, problem: `nobody knows it, and it is damaged: ${problems.join('; ')}` } };
  }
  const what = `${String(sizeBytes)} bytes, ${String(snapshots.length)} snapshot(s)`;
  return {
    finding: {
      ...finding,
      problem: `on backend ${backend} (${what}), and the records do not have it; adopt it, or have it deleted`,
      repair: 'delete it from the backend (only with orphans to be collected)',
    },
    repair: { kind: 'collect-volume', backend, found },
  };
}

/** A driver that knows names, not ids: a person decides. Read twice, as what is being made may be there already. */
async function unknownNames(
  store: Store,
  look: BackendLook,
  known: readonly VolumeRecord[],
): Promise<Finding[]> {
  const first = await look.unknown(known.map((volume) => toDriverVolume(volume)));
  if (first.length === 0) return [];
  const now = await everyVolume(store);
  const all = [...known, ...now].map((volume) => toDriverVolume(volume));
  const again = new Set(await look.unknown(all));
  return first
    .filter((name) => again.has(name))
    .map((id) => ({
      finding: {
        kind: 'orphan',
        resourceKind: 'volume',
        id,
        problem: `on backend ${look.backend.name}, and the records do not have it; manage it, or remove it there`,
      },
    }));
}
