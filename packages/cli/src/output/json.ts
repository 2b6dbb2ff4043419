import type {
  AttachmentRecord,
  BackendRecord,
  OperationRecord,
  QuotaUsage,
  SnapshotRecord,
  VolumeRecord,
  VolumeTypeRecord,
} from '@scoria/store';
import type { ChainNode } from '@scoria/manager';
import { toGib } from './sizes.js';

/** What commands print: fields by the names of the Block Storage API v3 where it has them. */
export type Fields = Readonly<Record<string, unknown>>;

export function volumeFields(volume: VolumeRecord): Fields {
  return {
    id: volume.id,
    name: volume.name,
    description: volume.description ?? null,
    status: volume.status,
    status_reason: volume.statusReason ?? null,
    size: toGib(volume.sizeBytes),
    backend: volume.backend,
    volume_type: volume.typeId ?? null,
    snapshot_id: volume.sourceSnapshotId ?? null,
    source_volid: volume.sourceVolumeId ?? null,
    metadata: volume.metadata,
    project_id: volume.projectId,
    created_at: volume.createdAt,
    updated_at: volume.updatedAt,
  };
}

/** A volume with the guests that have it. */
export function attachedVolumeFields(volume: VolumeRecord, attachments: readonly AttachmentRecord[]): Fields {
  return { ...volumeFields(volume), attachments: attachments.map(volumeAttachmentFields) };
}

/** An attachment as the API shows it within its volume. */
function volumeAttachmentFields({ id, volumeId, instanceId, host, device }: AttachmentRecord): Fields {
  return {
    attachment_id: id,
    volume_id: volumeId,
    server_id: instanceId ?? null,
    host_name: host ?? null,
    device: device ?? null,
  };
}

/** An attachment as the API shows it by itself, and what else is known of the guest. */
export function attachmentFields(attachment: AttachmentRecord): Fields {
  return {
    id: attachment.id,
    volume_id: attachment.volumeId,
    status: attachment.status,
    instance: attachment.instanceId ?? null,
    attach_mode: 'rw',
    attached_at: attachment.createdAt,
    detached_at: null,
    host_name: attachment.host ?? null,
    device: attachment.device ?? null,
    monitor: attachment.monitor ?? null,
    connection_info: attachment.connectionInfo ?? null,
  };
}

export function snapshotFields(snapshot: SnapshotRecord): Fields {
  return {
    id: snapshot.id,
    name: snapshot.name,
    description: snapshot.description ?? null,
    status: snapshot.status,
    status_reason: snapshot.statusReason ?? null,
    size: toGib(snapshot.sizeBytes),
    volume_id: snapshot.volumeId,
    metadata: snapshot.metadata,
    project_id: snapshot.projectId,
    created_at: snapshot.createdAt,
    updated_at: snapshot.updatedAt,
  };
}

export function backendFields(backend: BackendRecord): Fields {
  return {
    name: backend.name,
    driver: backend.driver,
    state: backend.state,
    reason: backend.reason ?? null,
    vendor_name: backend.vendorName ?? null,
    storage_protocol: backend.storageProtocol ?? null,
    capabilities: backend.capabilities,
    pools: backend.pools.map((pool) => ({
      pool_name: pool.name,
      total_capacity_gb: gibOf(pool.totalBytes),
      free_capacity_gb: gibOf(pool.freeBytes),
      provisioned_capacity_gb: gibOf(pool.provisionedBytes),
      reserved_percentage: pool.reservedPercentage,
      max_over_subscription_ratio: pool.maxOverSubscriptionRatio,
      thin_provisioning_support: pool.thinProvisioning,
      ...(pool.flattening === undefined ? {} : { flattening: pool.flattening }),
    })),
    updated_at: backend.updatedAt,
  };
}

/** A backend that no manager has run yet: `backend check` starts it. */
export function unseenBackendFields(name: string, driver: string): Fields {
  return {
    name,
    driver,
    state: 'unknown',
    reason: 'no manager has run it yet',
    vendor_name: null,
    storage_protocol: null,
    capabilities: [],
    pools: [],
    updated_at: null,
  };
}

function gibOf(bytes: number): number {
  return Math.round((bytes / 1024 ** 3) * 100) / 100;
}

export function operationFields(operation: OperationRecord): Fields {
  return {
    id: operation.id,
    operation: operation.kind,
    resources: operation.claims.map(({ kind, id }) => ({ kind, id })),
    status: operation.outcome,
    step: operation.step ?? null,
    progress: progressOf(operation),
    error_code: operation.errorCode ?? null,
    error: operation.errorText ?? null,
    request_id: operation.requestId,
    project_id: operation.projectId,
    created_at: operation.createdAt,
    ended_at: operation.endedAt ?? null,
  };
}

/** In percent. */
function progressOf({ outcome, progressDone: done, progressTotal: total }: OperationRecord): number | null {
  if (outcome === 'succeeded') return 100;
  return done === undefined || total === undefined || total === 0 ? null : Math.floor((done / total) * 100);
}

/** A layer of a chain; its parent is another of the list. */
export function layerFields(node: ChainNode): Fields {
  return {
    id: node.id,
    kind: node.kind,
    name: node.name,
    status: node.status,
    size: toGib(node.sizeBytes),
    parent_id: node.parentId ?? null,
    layer: node.layer ?? null,
    format: node.format ?? null,
    flattening: node.flattening ?? null,
    blocked_by: node.blockedBy,
  };
}

export function typeFields(type: VolumeTypeRecord): Fields {
  return {
    id: type.id,
    name: type.name,
    description: type.description ?? null,
    extra_specs: type.extraSpecs,
    qos_specs: type.qosSpecs,
  };
}

export function quotaFields({ resource, limit, inUse }: QuotaUsage): Fields {
  const shown = (value: number): number => (resource === 'gigabytes' && value >= 0 ? toGib(value) : value);
  return { resource, limit: shown(limit), in_use: shown(inUse) };
}
