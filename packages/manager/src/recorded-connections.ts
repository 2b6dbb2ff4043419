import type { ConnectionInfo, Connector, Logger, Volume } from '@scoria/core';
import { messageOf } from '@scoria/core';
import type { AttachmentRecord, Store } from '@scoria/store';
import { driverVolumeOf } from './driver-objects.js';

/** How the driver is asked for a connection: `initializeConnection`, within a time limit. */
export interface ConnectionSource {
  connect(volume: Volume, connector: Connector): Promise<ConnectionInfo>;
  readonly logger: Logger;
  /** What fails after it was aborted says nothing of the connection. */
  readonly stopping?: AbortSignal;
}

/**
 * Asks the driver anew how the guests of a volume in use reach it, and records that with their attachments: a snapshot
 * that is taken or removed while a guest runs changes the file it has to open when it starts again. Never rejects. A
 * connection that cannot be told now is recorded as not known, for what was known before may be wrong: it is asked for
 * at the next start of the backend, after the next snapshot, and by whoever connects the volume.
 */
export async function recordConnections(
  store: Store,
  volumeId: string,
  source: ConnectionSource,
): Promise<void> {
  try {
    const record = await store.getVolume(volumeId);
    if (record?.status !== 'in-use') return;
    const volume = await driverVolumeOf(store, record);
    for (const { id } of await store.listAttachments(volumeId)) await recordOne(store, id, volume, source);
  } catch (error) {
    source.logger.error('the connections of a volume could not be recorded', {
      volume: volumeId,
      reason: messageOf(error),
    });
  }
}

/** Two may ask at a time, and the one who asked first may come last: then it asks again. */
async function recordOne(store: Store, id: string, volume: Volume, source: ConnectionSource): Promise<void> {
  for (;;) {
    const seen = await store.getAttachment(id);
    const connector = connectorOf(seen);
    if (seen?.status !== 'attached' || connector === undefined) return;
    const connectionInfo = await asked(seen, volume, connector, source);
    if (source.stopping?.aborted === true) return;
    if (await isRecorded(store, seen, connectionInfo)) return;
  }
}

async function asked(
  { id, host }: AttachmentRecord,
  volume: Volume,
  connector: Connector,
  source: ConnectionSource,
): Promise<ConnectionInfo | undefined> {
  try {
    return await source.connect(volume, connector);
  } catch (error) {
    source.logger.warn('a guest may reach its volume in another way now, which could not be asked for', {
      volume: volume.id,
      attachment: id,
      host,
      reason: messageOf(error),
    });
    return undefined;
  }
}

/** False where the attachment has changed since it was seen. */
async function isRecorded(
  store: Store,
  seen: AttachmentRecord,
  connectionInfo: ConnectionInfo | undefined,
): Promise<boolean> {
  return store.transaction(async (records) => {
    await records.lockClaimed([{ kind: 'attachment', id: seen.id, mode: 'exclusive' }]);
    const now = await records.getAttachment(seen.id);
    if (now === undefined || !isSame(now, seen)) return false;
    return records.changeAttachment(seen.id, { connectionInfo });
  });
}

function isSame(one: AttachmentRecord, other: AttachmentRecord): boolean {
  const stampOf = ({ status, updatedAt, connectionInfo }: AttachmentRecord): string =>
    JSON.stringify([status, updatedAt, connectionInfo]);
  return stampOf(one) === stampOf(other);
}

/** The connector an attachment was made with; none where that is not known. */
export function connectorOf(attachment: AttachmentRecord | undefined): Connector | undefined {
  const connector = attachment?.connector;
  return typeof connector?.host === 'string' ? { ...connector, host: connector.host } : undefined;
}
