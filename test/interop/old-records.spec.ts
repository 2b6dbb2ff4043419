import type { Snapshot } from '@scoria/core';
import { GIB, KIB } from '@scoria/core';
import { collect } from '@scoria/testkit';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { open, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { InteropShare } from './interop-share.js';
import { SharedVolume } from './shared-volume.js';

const run = promisify(execFile);
const BACKING_FORMAT_EXTENSION = 'e2792aca';

let share: InteropShare;
beforeAll(async () => {
  share = await InteropShare.start();
});
afterAll(() => share[Symbol.asyncDispose]());

/**
 * A chain as the drivers of 2014 left it: they merged a newer overlay down into an older one, so that a snapshot's
 * entry names a file that was made for another.
 * @param overlays the ids that the files are named after, oldest first
 * @param record snapshot → index into `overlays`; oldest first
 */
async function oldVolume(overlays: string[], record: readonly (readonly [id: string, overlay: number])[]) {
  const volume = new SharedVolume(share, 'raw', GIB);
  const file = (name: string): string => path.join(share.directory, name);
  await run('qemu-img', ['create', '-q', '-f', 'raw', file(volume.file), String(GIB)]);
  const names = overlays.map((id) => `${volume.file}.${id}`);
  await write(file(volume.file), 'raw', 0);
  const below = [volume.model.copy()];
  for (const [index, name] of names.entries()) {
    const [backing, format] = index === 0 ? [volume.file, 'raw'] : [names[index - 1]!, 'qcow2'];
    await run('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', file(backing), '-F', format, file(name)]);
    await run('qemu-img', ['rebase', '-u', '-f', 'qcow2', '-b', backing, '-F', format, file(name)]);
    await write(file(name), 'qcow2', index + 1);
    below.push(volume.model.copy());
  }
  for (const [id, overlay] of record) volume.snapshots.set(id, below[overlay]!);
  const entries = record.map(([id, overlay]) => [id, names[overlay]!]);
  const text = JSON.stringify(Object.fromEntries([['active', names.at(-1)!], ...entries]), undefined, 1);
  await writeFile(file(`${volume.file}.info`), text);
  return volume;

  async function write(target: string, format: string, index: number): Promise<void> {
    const fill = { offset: index * 64 * KIB, length: 128 * KIB, byte: 0x31 + index };
    const command = `write -q -P ${fill.byte} ${fill.offset} ${fill.length}`;
    await run('qemu-io', ['-f', format, '-c', command, target]);
    volume.model.fill(fill);
  }
}

const [A, B, C, D] = ['aaaa', 'bbbb', 'cccc', 'dddd'].map((start) => start + randomUUID().slice(4)) as [
  string,
  string,
  string,
  string,
];

const RECORDS: Record<string, [overlays: string[], record: [string, number][]]> = {
  'one snapshot in the file of a deleted one': [[A], [[B, 0]]],
  'one such snapshot below a newer one': [
    [A, C],
    [
      [B, 0],
      [C, 1],
    ],
  ],
  'one such snapshot between others': [
    [A, B, D],
    [
      [A, 0],
      [C, 1],
      [D, 2],
    ],
  ],
};

const cases = Object.entries(RECORDS).flatMap(([name, [, record]]) =>
  record.map(([id]): [string, string] => [name, id]),
);

describe('a chain that a driver of 2014 wrote', () => {
  test.each(cases)('%s: is read right, and after snapshot %s is deleted', async (name, id) => {
    const volume = await oldVolume(...RECORDS[name]!);
    await volume.ours.adopt();
    await volume.expectOurs();
    await volume.cinder.adopt();
    await volume.expectCinder();
    await volume.ours.deleteSnapshot(id);
    await volume.expectOurs();
    while (volume.snapshots.size > 0) {
      await volume.ours.deleteSnapshot(volume.snapshotIds.at(-1)!);
      await volume.expectOurs();
    }
    await volume.cinder.adopt();
    await volume.expectCinder();
    const left = Object.keys(await share.listing()).filter((file) => file.includes(volume.id));
    expect(left).toEqual([volume.file]);
  });

  test('two snapshots in one file: deleting one leaves the other', async () => {
    const volume = await oldVolume(
      [A],
      [
        [A, 0],
        [B, 0],
      ],
    );
    await volume.ours.adopt();
    await volume.ours.deleteSnapshot(A);
    await volume.expectOurs();
    await volume.ours.snapshot();
    await volume.ours.deleteSnapshot(B);
    await volume.expectOurs();
  });

  test('a new snapshot does not take the name of a file that is in use', async () => {
    const volume = await oldVolume([A], [[B, 0]]);
    await volume.ours.adopt();
    const again = { ...volume.snapshot(B), id: A } satisfies Snapshot;
    const taken = share.local.driver.createSnapshot(share.local.context(), again);
    await expect(taken).rejects.toMatchObject({ code: 'already-exists' });
    await volume.expectOurs();
  });

  test('overlays that do not say what they stand on are mended by adopting', async () => {
    const volume = await oldVolume([A, B], [[A, 0]]);
    const overlays = [A, B].map((id) => `${volume.file}.${id}`);
    for (const name of overlays) await dropBackingFormat(path.join(share.directory, name));
    const before = await share.listing();
    const found = await collect(share.local.driver.findAdoptable(share.local.context()));
    expect(await share.listing()).toEqual(before);
    expect(found.find((entry) => entry.id === volume.id)).toMatchObject({
      problems: [],
      changes: [
        `point ${overlays[1]!} at ${overlays[0]!} (qcow2)`,
        `point ${overlays[0]!} at ${volume.file} (raw)`,
      ],
    });
    await volume.ours.adopt();
    await volume.expectOurs();
    await volume.cinder.adopt();
    await volume.expectCinder();
  });
});

/** As qemu-img wrote overlays before it asked for the format. */
async function dropBackingFormat(file: string): Promise<void> {
  const at = (await readFile(file)).subarray(0, 4096).indexOf(Buffer.from(BACKING_FORMAT_EXTENSION, 'hex'));
  await using handle = await open(file, 'r+');
  // An extension of an unknown kind may be ignored by whoever reads the file.
  await handle.write(Buffer.from('12345678', 'hex'), 0, 4, at);
}
