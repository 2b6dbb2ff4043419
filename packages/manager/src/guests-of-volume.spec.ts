import type { AttachmentRecord, VolumeRecord } from '@scoria/store';
import { guestsOfVolume } from './driver-objects.js';

const [PLAIN, MOVED, NAME] = ['1', '2', '3'].map(
  (digit) => `${digit.repeat(8)}-1111-4111-8111-111111111111`,
) as [string, string, string];

function attachmentOf(volumeId: string, status: AttachmentRecord['status']): Partial<AttachmentRecord> {
  return { id: `${status}-${volumeId}`, volumeId, status, host: 'node-1', monitor: '/run/guest.sock' };
}

const volumes: Readonly<Record<string, Partial<VolumeRecord>>> = {
  [PLAIN]: { id: PLAIN },
  [MOVED]: { id: MOVED, nameId: NAME },
};
const attachments = [
  attachmentOf(PLAIN, 'attached'),
  attachmentOf(PLAIN, 'reserved'),
  attachmentOf(MOVED, 'detaching'),
  attachmentOf('gone', 'attached'),
];
const records = {
  listAttachments: async () => Promise.resolve(attachments as AttachmentRecord[]),
  getVolume: async (id: string) => Promise.resolve(volumes[id] as VolumeRecord | undefined),
};

it.each([
  ['a volume', PLAIN, [`attached-${PLAIN}`]],
  ['a volume that was moved, by what its backend calls it', NAME, [`detaching-${MOVED}`]],
  ['a volume that was moved, by its own id, which is no longer there', MOVED, []],
  ['a volume that nobody has', 'other', []],
])('the guests of %s', async (_what, backendId, expected) => {
  expect((await guestsOfVolume(records, backendId)).map(({ id }) => id)).toEqual(expected);
});
