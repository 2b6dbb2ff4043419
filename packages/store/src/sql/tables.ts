import type {
  AttachmentRecord,
  BackendRecord,
  MessageRecord,
  OperationRecord,
  SnapshotRecord,
  TemporarySnapshotRecord,
  VolumeRecord,
  VolumeTypeRecord,
} from '../records.js';
import type { Row } from './row-codec.js';
import { flag, json, plain, RowCodec } from './row-codec.js';

/** The tables, for kysely; what their columns mean is in the codecs below. */
export interface Tables {
  volumes: Row;
  volume_metadata: Row;
  snapshots: Row;
  snapshot_metadata: Row;
  temporary_snapshots: Row;
  attachments: Row;
  backends: Row;
  volume_types: Row;
  quota_limits: Row;
  quota_usages: Row;
  messages: Row;
  operations: Row;
  claims: Row;
}

const provider = {
  providerLocation: plain('provider_location'),
  providerId: plain('provider_id'),
  providerMetadata: json('provider_metadata'),
};
const times = { createdAt: plain('created_at'), updatedAt: plain('updated_at') };
const named = {
  id: plain('id'),
  name: plain('name'),
  description: plain('description'),
  projectId: plain('project_id'),
  sizeBytes: plain('size_bytes'),
  status: plain('status'),
  statusReason: plain('status_reason'),
  countsInQuota: flag('counts_in_quota'),
};

export const volumeCodec = new RowCodec<VolumeRecord>({
  ...named,
  nameId: plain('name_id'),
  backend: plain('backend'),
  pool: plain('pool'),
  typeId: plain('type_id'),
  sourceVolumeId: plain('source_volume_id'),
  sourceSnapshotId: plain('source_snapshot_id'),
  ...provider,
  ...times,
});

export const snapshotCodec = new RowCodec<SnapshotRecord>({
  ...named,
  volumeId: plain('volume_id'),
  computeReport: json('compute_report'),
  ...provider,
  ...times,
});

export const temporarySnapshotCodec = new RowCodec<TemporarySnapshotRecord>({
  id: plain('id'),
  volumeId: plain('volume_id'),
  status: plain('status'),
  computeReport: json('compute_report'),
  ...times,
});

export const attachmentCodec = new RowCodec<AttachmentRecord>({
  id: plain('id'),
  volumeId: plain('volume_id'),
  status: plain('status'),
  host: plain('host'),
  instanceId: plain('instance_id'),
  monitor: plain('monitor'),
  device: plain('device'),
  connector: json('connector'),
  connectionInfo: json('connection_info'),
  ...times,
});

export const backendCodec = new RowCodec<BackendRecord>({
  name: plain('name'),
  driver: plain('driver'),
  state: plain('state'),
  reason: plain('reason'),
  capabilities: json('capabilities'),
  vendorName: plain('vendor_name'),
  storageProtocol: plain('storage_protocol'),
  pools: json('pools'),
  updatedAt: plain('updated_at'),
});

export const volumeTypeCodec = new RowCodec<VolumeTypeRecord>({
  id: plain('id'),
  name: plain('name'),
  description: plain('description'),
  extraSpecs: json('extra_specs'),
  qosSpecs: json('qos_specs'),
  createdAt: plain('created_at'),
});

export const messageCodec = new RowCodec<MessageRecord>({
  id: plain('id'),
  projectId: plain('project_id'),
  resourceKind: plain('resource_kind'),
  resourceId: plain('resource_id'),
  level: plain('level'),
  code: plain('code'),
  text: plain('text'),
  requestId: plain('request_id'),
  createdAt: plain('created_at'),
});

export const operationCodec = new RowCodec<OperationRecord>({
  id: plain('id'),
  kind: plain('kind'),
  claims: json('claims'),
  parameters: json('parameters'),
  ownerId: plain('owner_id'),
  requestId: plain('request_id'),
  projectId: plain('project_id'),
  outcome: plain('outcome'),
  step: plain('step'),
  progressDone: plain('progress_done'),
  progressTotal: plain('progress_total'),
  takeovers: plain('takeovers'),
  cancelRequested: flag('cancel_requested'),
  errorCode: plain('error_code'),
  errorText: plain('error_text'),
  ...times,
  endedAt: plain('ended_at'),
});
