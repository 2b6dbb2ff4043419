import type { ConnectionInfo } from '@scoria/core';
import type { AttachmentRecord, Store } from '@scoria/store';
import { openStore } from '@scoria/store';
import { FakeClock, FakeLockManager, MemoryLogger } from '@scoria/testkit';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { recordConnections } from './recorded-connections.js';
import { anAttachmentRecord, aVolumeRecord, VOLUME_ID } from './views/spec-support/records.js';

const ATTACHMENT = anAttachmentRecord({ connector: { host: 'node-1' }, connectionInfo: infoOf('old') });

function infoOf(file: string): ConnectionInfo {
  return { driver_volume_type: 'file', data: { file } };
}

describe('the connections of a volume in use', () => {
  let directory: string;
  let store: Store;
  const logger = new MemoryLogger();

  async function insert(
    attachment: AttachmentRecord,
    status: 'in-use' | 'available' = 'in-use',
  ): Promise<void> {
    await store.insertVolume(aVolumeRecord({ status }));
    await store.insertAttachment(attachment);
  }

  /** Asks, and answers with what `answer` says. */
  async function record(answer: () => Promise<string>, stopping?: AbortSignal): Promise<void> {
    const connect = async (): Promise<ConnectionInfo> => infoOf(await answer());
    await recordConnections(store, VOLUME_ID, {
      connect,
      logger,
      ...(stopping === undefined ? {} : { stopping }),
    });
  }

  async function recorded(): Promise<unknown> {
    return (await store.getAttachment(ATTACHMENT.id))?.connectionInfo;
  }

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'scoria-connections-'));
    store = await openStore({
      url: `sqlite:${directory}/records.sqlite`,
      clock: new FakeClock(),
      lockManager: new FakeLockManager(),
      lockDirectory: directory,
    });
  });
  afterEach(async () => {
    await store.close();
    await rm(directory, { recursive: true, force: true });
  });

  it('are asked for again where another has recorded them meanwhile: what is asked for last is what stays', async () => {
    await insert(ATTACHMENT);
    const answers: string[] = [];
    await record(async () => {
      const [answer] = answers.push('asked') === 1 ? ['first'] : ['last'];
      // The other asks after us, and is done before us.
      if (answers.length === 1) await record(() => Promise.resolve('between'));
      return answer;
    });
    expect(answers).toHaveLength(2);
    expect(await recorded()).toEqual(infoOf('last'));
  });

  it.each([
    ['has been ended meanwhile', async () => store.removeAttachment(ATTACHMENT.id), undefined],
    [
      'is being ended meanwhile',
      async () => store.changeAttachment(ATTACHMENT.id, { status: 'detaching' }),
      infoOf('old'),
    ],
  ])('are not recorded of an attachment that %s', async (_, change, expected) => {
    await insert(ATTACHMENT);
    await record(async () => {
      await change();
      return 'new';
    });
    expect(await recorded()).toEqual(expected);
  });

  it.each([
    ['of one that is being made', { ...ATTACHMENT, status: 'attaching' as const }, 'in-use' as const],
    ['of one whose connector nobody knows', { ...ATTACHMENT, connector: {} }, 'in-use' as const],
    ['of a volume that nobody uses', ATTACHMENT, 'available' as const],
  ])('are not asked for %s', async (_, attachment, status) => {
    await insert(attachment, status);
    await record(() => Promise.reject(new Error('asked')));
    expect(await recorded()).toEqual(infoOf('old'));
  });

  it('are not known where they cannot be asked for, and stay where nobody waits for the answer', async () => {
    await insert(ATTACHMENT);
    const fail = (): Promise<never> => Promise.reject(new Error('the share is away'));
    await record(fail, AbortSignal.abort());
    expect(await recorded()).toEqual(infoOf('old'));
    await record(fail);
    expect(await recorded()).toBeUndefined();
    expect(JSON.stringify(logger.lines)).toContain('the share is away');
    await record(() => Promise.resolve('new'));
    expect(await recorded()).toEqual(infoOf('new'));
  });

  it('that cannot be recorded fail nothing', async () => {
    await insert(ATTACHMENT);
    store.transaction = () => Promise.reject(new Error('disk full'));
    await record(() => Promise.resolve('new'));
    expect(await recorded()).toEqual(infoOf('old'));
    expect(JSON.stringify(logger.lines)).toContain('disk full');
  });
});
