import type { AdoptableVolume } from '@scoria/core';
import type { SnapshotRecord, VolumeRecord } from '@scoria/store';
import { Store } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { backendIdOf } from '../driver-objects.js';
import type { Caller } from '../requests.js';
import type { AuditReport } from '../views.js';
import { applyRepair } from './audit/apply-repair.js';
import { BackendLook } from './audit/backend-look.js';
import { compareVolume } from './audit/compare.js';
import { examineVolume } from './audit/examine-volume.js';
import { findOrphans } from './audit/find-orphans.js';
import { OrphanCollector } from './audit/orphan-collector.js';
import { quotaFindings } from './audit/quota-findings.js';
import type { Finding, Repair } from './audit/repair.js';
import { BackendAccess } from './backend-access.js';
import { everySnapshot, everyVolume } from './every-page.js';
import { ViewContexts } from './view-context.js';

export interface AuditOptions {
  readonly repair?: boolean;
  readonly collectOrphans?: boolean;
}

type Listed = ReadonlyMap<string, AdoptableVolume> | undefined;

/** Compares what is on a backend with the records. */
@injectable()
export class AuditService {
  constructor(
    @inject(Store) private readonly store: Store,
    @inject(BackendAccess) private readonly backends: BackendAccess,
    @inject(ViewContexts) private readonly contexts: ViewContexts,
    @inject(OrphanCollector) private readonly collector: OrphanCollector,
  ) {}

  /** See `VolumeManager.auditBackend`. */
  async audit(caller: Caller, backend: string, options: AuditOptions = {}): Promise<AuditReport> {
    const look = new BackendLook(await this.backends.open(backend), this.contexts.of(caller));
    const listed = await look.list();
    const volumes = await everyVolume(this.store, { backend });
    const snapshots = await this.#snapshotsOf(volumes);
    const findings = [
      ...(await this.#volumeFindings(look, listed, volumes, snapshots)),
      ...(await findOrphans(this.store, look, listed)),
      ...(await quotaFindings(this.store)),
    ];
    return {
      backend,
      checkedVolumes: volumes.length,
      checkedSnapshots: [...snapshots.values()].flat().length,
      findings: findings.map(({ finding }) => finding),
      repaired: await this.#repairAll(caller, findings, options),
    };
  }

  async #snapshotsOf(volumes: readonly VolumeRecord[]): Promise<Map<string, SnapshotRecord[]>> {
    const byVolume = new Map<string, SnapshotRecord[]>(volumes.map(({ id }) => [id, []]));
    for (const snapshot of await everySnapshot(this.store)) byVolume.get(snapshot.volumeId)?.push(snapshot);
    return byVolume;
  }

  async #volumeFindings(
    look: BackendLook,
    listed: Listed,
    volumes: readonly VolumeRecord[],
    snapshots: ReadonlyMap<string, readonly SnapshotRecord[]>,
  ): Promise<Finding[]> {
    const findings: Finding[] = [];
    for (const volume of volumes) {
      if (looksRight(volume, snapshots.get(volume.id) ?? [], listed)) continue;
      findings.push(...(await examineVolume(this.store, look, volume.id)));
    }
    return findings;
  }

  async #repairAll(caller: Caller, findings: readonly Finding[], options: AuditOptions): Promise<string[]> {
    const done: string[] = [];
    for (const repair of asked(findings, options)) done.push(await this.#repair(caller, repair));
    return done;
  }

  async #repair(caller: Caller, repair: Repair): Promise<string> {
    if (repair.kind === 'collect-volume' || repair.kind === 'collect-snapshot') {
      return this.collector.collect(caller, repair);
    }
    return (await applyRepair(this.store, repair)) ?? 'left one alone that has changed since';
  }
}

/** The repairs that were asked for; the counters of a project are put right together. */
function asked(
  findings: readonly Finding[],
  { repair = false, collectOrphans = false }: AuditOptions,
): Repair[] {
  const projects = new Set<string>();
  return findings
    .map((finding) => finding.repair)
    .filter((action): action is Repair => {
      if (action === undefined) return false;
      if (action.kind === 'collect-volume' || action.kind === 'collect-snapshot') return collectOrphans;
      if (!repair || action.kind !== 'recount') return repair;
      const first = !projects.has(action.projectId);
      projects.add(action.projectId);
      return first;
    });
}

/** A listing that agrees with the records is enough; where they differ, the volume is looked at by itself. */
function looksRight(volume: VolumeRecord, snapshots: readonly SnapshotRecord[], listed: Listed): boolean {
  const found = listed?.get(backendIdOf(volume));
  if (found === undefined || found.problems.length > 0) return false;
  const { sizeBytes, providerMetadata, snapshots: foundSnapshots } = found;
  const { format } = providerMetadata;
  const seen = {
    sizeBytes,
    ...(format === undefined ? {} : { format }),
    snapshotIds: foundSnapshots.map(({ id }) => id),
  };
  return compareVolume({ volume, snapshots }, seen).length === 0;
}
