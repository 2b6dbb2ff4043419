import type { Session } from '../session.js';
import { ManagerError } from '@scoria/manager';
import type { AttachmentRecord } from '@scoria/store';

/**
 * The attachment of a volume that is meant: the one with the id, or the only one.
 * @throws ManagerError `not-found`, `ambiguous-name`
 */
export async function attachmentToEnd(
  { manager, caller }: Pick<Session, 'manager' | 'caller'>,
  volume: string,
  id: string | undefined,
): Promise<AttachmentRecord> {
  const all = await manager.listAttachments(caller, volume);
  const meant = id === undefined ? all : all.filter((one) => one.id === id);
  const [only, ...more] = meant;
  if (only !== undefined && more.length === 0) return only;
  const ids = all.map((one) => one.id);
  const has = ids.length === 0 ? 'has none' : `has ${ids.join(', ')}`;
  if (only === undefined) {
    const what = id === undefined ? 'an attachment' : `the attachment ${JSON.stringify(id)}`;
    throw new ManagerError({
      code: 'not-found',
      message: `volume ${JSON.stringify(volume)} has not ${what}: it ${has}`,
      details: { volume, attachments: ids },
    });
  }
  throw new ManagerError({
    code: 'ambiguous-name',
    message: `volume ${JSON.stringify(volume)} ${has}; say which: scoria volume detach ${volume} ATTACHMENT`,
    details: { volume, attachments: ids },
  });
}
