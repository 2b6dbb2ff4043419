export * from './device/copy-device.js';
export * from './device/hash-device.js';
export * from './device/open-chain-device.js';
export * from './device/raw-file-device.js';
export * from './disk-image-module.js';
export { type ByteSource, fileSource, memorySource } from './inspector/byte-source.js';
export { checkClaim } from './inspector/check-claim.js';
export type { ImageDetails } from './inspector/image-details.js';
export type { ImageFinding, ImageFindingCode } from './inspector/image-finding.js';
export {
  type ClaimedFormat,
  claimedFormat,
  type ContentLayout,
  type ImageFormat,
  qemuName,
} from './inspector/image-format.js';
export { ImageInspectionError, type ImageInspectionErrorCode } from './inspector/image-inspection-error.js';
export type { ImageReport } from './inspector/image-report.js';
export { inspectFile } from './inspector/inspect-file.js';
export { inspectImage } from './inspector/inspect-image.js';
export type { Qcow2Header } from './inspector/qcow2-header.js';
export { type Qcow2Inspection, readQcow2Header } from './inspector/read-qcow2-header.js';
export { type ReferenceKind, referenceKind } from './inspector/reference-name.js';
export { StreamInspector } from './inspector/stream-inspector.js';
export * from './qemu-img/chain-layer.js';
export * from './qemu-img/qemu-img-requests.js';
export * from './qemu-img/qemu-img.js';
export * from './qemu-img/virtual-size.js';
export type { BlockJobOptions, JobMonitor } from './qmp/block-job.js';
export { LiveChain, type LiveCommit, type LivePull } from './qmp/live-chain.js';
export type { MonitorDiskLimits } from './qmp/monitor-disk.js';
export { QmpCompute, QmpComputeOptions } from './qmp/qmp-compute.js';
export { QmpConnection, type QmpExecutor, type QmpOptions } from './qmp/qmp-connection.js';
