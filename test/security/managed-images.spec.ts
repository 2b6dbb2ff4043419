import { applyUpdate, messageOf } from '@scoria/core';
import type { ManageReference, Volume } from '@scoria/core';
import { collect, makeVolume, openAndRead } from '@scoria/testkit';
import type { HostileImage } from './hostile-images.js';
import { isNested, makeHostileImages, VOLUME_BYTES } from './hostile-images.js';
import { HostileShare } from './hostile-share.js';

/* An operator takes over a file that somebody else has put on the share. */

let share: HostileShare;
let images: HostileImage[];
beforeAll(async () => {
  share = await HostileShare.start();
  images = await makeHostileImages(share.canary.path, share.root);
});
afterAll(() => share[Symbol.asyncDispose]());

const FILE = 'uploaded';

const reference = (format: string): ManageReference => ({ 'source-name': FILE, 'source-format': format });

/** Nothing is wrong with it as what it is said to be. */
function isFine(image: HostileImage, claim: string): boolean {
  return claim === 'qcow2' && (isNested(image) || image.tooLarge === true);
}

async function refusalProblems(work: () => Promise<unknown>): Promise<string[]> {
  const before = await share.listing();
  const { error, problems } = await share.attempt(work);
  if (JSON.stringify(await share.listing()) !== JSON.stringify(before)) problems.push('changed the share');
  const { code } = (error ?? {}) as { code?: string };
  if (code !== 'unsafe-image') problems.push(`not refused, but ${messageOf(error)}`);
  else if (!messageOf(error).includes(FILE)) problems.push(`names no file: ${messageOf(error)}`);
  return problems;
}

test.each(['raw', 'qcow2'])('none is taken as %s', async (claim) => {
  const wrong: string[] = [];
  for (const image of images.filter((one) => !isFine(one, claim))) {
    await share.plant(FILE, image.bytes);
    const volume = makeVolume({ sizeBytes: VOLUME_BYTES });
    const found = [
      ...(await refusalProblems(() => share.driver.manageExistingSize(share.context(), reference(claim)))),
      ...(await refusalProblems(() =>
        share.driver.manageExisting(share.context(), volume, reference(claim)),
      )),
    ];
    wrong.push(...found.map((problem) => `${image.name}: ${problem}`));
  }
  expect(wrong).toEqual([]);
});

test('none is listed as safe', async () => {
  const wrong: string[] = [];
  for (const image of images) {
    await share.plant(FILE, image.bytes);
    const { result, problems } = await share.attempt((context) =>
      collect(share.driver.listManageable(context, [])),
    );
    wrong.push(...problems);
    expect(result).toEqual([
      expect.objectContaining({ safeToManage: false, reason: expect.stringMatching(/./) as string }),
    ]);
  }
  expect(wrong).toEqual([]);
});

test('a guest cannot have its raw volume called a safe qcow2 file: only where volumes are qcow2 is one safe', async () => {
  const large = images.find(({ tooLarge }) => tooLarge)!;
  await using qcow2 = await HostileShare.start({ format: 'qcow2' });
  const listed: unknown[] = [];
  for (const where of [share, qcow2]) {
    await where.plant(FILE, large.bytes);
    listed.push(...(await collect(where.driver.listManageable(where.context(), []))));
  }
  const entry = (where: HostileShare): object => ({
    reference: { 'source-name': where.file(FILE), 'source-format': 'qcow2' },
    sizeBytes: 2 ** 40,
  });
  expect(listed).toEqual([
    { ...entry(share), safeToManage: false, reason: expect.stringMatching(/a guest can forge/) as string },
    { ...entry(qcow2), safeToManage: true, reason: '' },
  ]);
});

async function manage(format: string): Promise<Volume> {
  const volume = makeVolume({ sizeBytes: VOLUME_BYTES });
  const update = await share.driver.manageExisting(share.context(), volume, reference(format));
  return { ...applyUpdate(volume, update), status: 'available' };
}

test('a clean image around a hostile one is a volume whose data nobody interprets', async () => {
  const nested = images.find(isNested)!;
  const inner = images.find(({ name }) => name === 'a backing file')!;
  const payload = Buffer.concat([inner.bytes, Buffer.alloc(VOLUME_BYTES - inner.bytes.length)]);
  await share.plant(FILE, nested.bytes);
  const { result, error, problems } = await share.attempt(async (context) => {
    const outer = await manage('qcow2');
    const clone = makeVolume({ sizeBytes: 2 * VOLUME_BYTES });
    const update = await share.driver.createClonedVolume(context, clone, outer);
    const copy: Volume = { ...applyUpdate(clone, update), status: 'available' };
    const grown = applyUpdate(outer, await share.driver.extendVolume(context, outer, 2 * VOLUME_BYTES));
    const { data } = await share.driver.initializeConnection(context, copy, { host: 'guest' });
    const views = [copy, grown].map((volume) => openAndRead(share.driver, context, volume));
    return {
      format: data.format,
      file: await share.read(`volume-${copy.id}`),
      views: await Promise.all(views),
    };
  });
  expect({ error, problems }).toEqual({ error: undefined, problems: [] });
  const { format, file, views } = result as { format: string; file: Buffer; views: Buffer[] };
  const expected = Buffer.concat([payload, Buffer.alloc(VOLUME_BYTES)]);
  expect(format).toBe('raw');
  expect([file, ...views].map((bytes) => bytes.equals(expected))).toEqual([true, true, true]);
});

test('an image that is larger than it says is taken with its real size, and never attached as the smaller one', async () => {
  await share.plant(FILE, images.find(({ tooLarge }) => tooLarge)!.bytes);
  const volume = await manage('qcow2');
  expect(volume.sizeBytes).toBe(2 ** 40);
  const smaller = { ...volume, sizeBytes: VOLUME_BYTES };
  const attached = share.driver.initializeConnection(share.context(), smaller, { host: 'guest' });
  await expect(attached).rejects.toMatchObject({ code: 'unsafe-image' });
  const copied = share.driver.createClonedVolume(
    share.context(),
    makeVolume({ sizeBytes: VOLUME_BYTES }),
    smaller,
  );
  await expect(copied).rejects.toMatchObject({ code: 'invalid-input' });
});

test.each([
  ['../canary', /none of the usable shares/],
  ['/etc/passwd', /none of the usable shares/],
  ['..', /does not end with a file's name/],
  ['.scoria', /does not end with a file's name/],
  ['-x', /does not end with a file's name/],
  ['a\nb', /does not end with a file's name/],
  ['', /does not end with a file's name/],
])('the reference %j leads nowhere', async (name, message) => {
  const wanted = share.driver.manageExistingSize(share.context(), { 'source-name': name });
  await expect(wanted).rejects.toThrow(message);
});

test.each(['vmdk', 'RAW', 'json', ''])('the source format %j is refused', async (format) => {
  const wanted = share.driver.manageExistingSize(share.context(), reference(format));
  await expect(wanted).rejects.toMatchObject({ code: 'invalid-input' });
});
