import type { ModelUpdate, Snapshot, Volume, VolumeAttachment, VolumeType } from '@scoria/core';
import { applyUpdate } from '@scoria/core';
import type { AttachmentRecord, Changes, Records, SnapshotRecord, VolumeRecord } from '@scoria/store';

/** What a record keeps for its driver. */
interface ProviderFields {
  readonly sizeBytes: number;
  readonly providerLocation?: string;
  readonly providerId?: string;
  readonly providerMetadata: Readonly<Record<string, string>>;
}

/** The id the backend knows a volume by: a migration makes it another than the record's. */
export function backendIdOf(record: Pick<VolumeRecord, 'id' | 'nameId'>): string {
  return record.nameId ?? record.id;
}

/**
 * A volume as its driver sees it, but for its type and its guests: for lists of what is known.
 * @param status the state to show, where it is not the record's: the one an operation began in
 */
export function toDriverVolume(record: VolumeRecord, status = record.status): Volume {
  return { id: backendIdOf(record), name: record.name, status, ...providerFields(record) };
}

/** A snapshot as its driver sees it, with the volume it is of. */
export function toDriverSnapshot(record: SnapshotRecord, volume: VolumeRecord | Volume): Snapshot {
  const driverVolume = 'backend' in volume ? toDriverVolume(volume) : volume;
  return { id: record.id, name: record.name, volume: driverVolume, ...providerFields(record) };
}

/** A volume type as drivers see it; none where the id is none, or of a type that is gone. */
export async function driverTypeOf(
  records: Pick<Records, 'listVolumeTypes'>,
  typeId: string | undefined,
): Promise<VolumeType | undefined> {
  if (typeId === undefined) return undefined;
  const type = (await records.listVolumeTypes()).find(({ id }) => id === typeId);
  return type && { name: type.name, extraSpecs: type.extraSpecs, qosSpecs: type.qosSpecs };
}

/**
 * A volume as its driver sees it, with its type and the guests that have it. Only a volume in use has some, and only
 * one with a type has one: nothing is looked up for another.
 * @param status the state to show, where it is not the record's: the one an operation began in
 */
export async function driverVolumeOf(
  records: Pick<Records, 'listAttachments' | 'listVolumeTypes'>,
  record: VolumeRecord,
  status = record.status,
): Promise<Volume> {
  const type = await driverTypeOf(records, record.typeId);
  const volume = { ...toDriverVolume(record, status), ...(type === undefined ? {} : { type }) };
  if (status !== 'in-use') return volume;
  const attachments = await records.listAttachments(record.id);
  return { ...volume, attachments: attachments.filter(isWithGuest).map(toDriverAttachment) };
}

/** A snapshot as its driver sees it, with the volume it is of and the guests that have that. */
export async function driverSnapshotOf(
  records: Pick<Records, 'listAttachments' | 'listVolumeTypes'>,
  record: SnapshotRecord,
  volume: VolumeRecord,
): Promise<Snapshot> {
  return toDriverSnapshot(record, await driverVolumeOf(records, volume));
}

/**
 * The guests of a volume of which only the backend's id is known. Goes through all attachments: for what a dead process
 * has left, and no operation's business.
 */
export async function guestsOfVolume(
  records: Pick<Records, 'listAttachments' | 'getVolume'>,
  backendId: string,
): Promise<readonly VolumeAttachment[]> {
  const found: VolumeAttachment[] = [];
  for (const attachment of (await records.listAttachments()).filter(isWithGuest)) {
    const volume = await records.getVolume(attachment.volumeId);
    if (volume !== undefined && backendIdOf(volume) === backendId) found.push(toDriverAttachment(attachment));
  }
  return found;
}

/** Whether a guest may have the volume open: until its detachment has ended it may. */
function isWithGuest({ status }: AttachmentRecord): boolean {
  return status === 'attached' || status === 'detaching';
}

function toDriverAttachment(record: AttachmentRecord): VolumeAttachment {
  const { id, host = 'an unknown host', instanceId, monitor, device } = record;
  return {
    id,
    host,
    ...(instanceId === undefined ? {} : { instanceId }),
    ...(monitor === undefined ? {} : { monitor }),
    ...(device === undefined ? {} : { device }),
  };
}

/**
 * What to store of an update: the driver's fields as they are after it. The size only where the driver named one.
 * @param current the record, or its driver fields, as stored before
 */
export function changesOf(update: ModelUpdate, current: ProviderFields): Changes<ProviderFields> {
  const before = { id: '', name: '', status: 'available', ...providerFields(current) } as const;
  const { providerLocation, providerId, providerMetadata } = applyUpdate<Volume>(before, update);
  return {
    ...(update.sizeBytes === undefined ? {} : { sizeBytes: update.sizeBytes }),
    ...(providerLocation === undefined ? {} : { providerLocation }),
    ...(providerId === undefined ? {} : { providerId }),
    providerMetadata,
  };
}

function providerFields({
  sizeBytes,
  providerLocation,
  providerId,
  providerMetadata,
}: ProviderFields): ProviderFields {
  return {
    sizeBytes,
    ...(providerLocation === undefined ? {} : { providerLocation }),
    ...(providerId === undefined ? {} : { providerId }),
    providerMetadata,
  };
}
