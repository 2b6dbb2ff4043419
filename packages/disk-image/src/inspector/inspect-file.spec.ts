import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ImageInspectionError } from './image-inspection-error.js';
import { inspectFile } from './inspect-file.js';
import { readQcow2Header } from './read-qcow2-header.js';
import { sampleQcow2 } from './sample-images.js';

describe('inspection of a file', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'inspector-'));
    writeFileSync(join(directory, 'image'), sampleQcow2());
    symlinkSync('image', join(directory, 'link'));
    execFileSync('mkfifo', [join(directory, 'pipe')]);
  });

  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  it('reads a regular file', async () => {
    expect(await inspectFile(join(directory, 'image'))).toMatchObject({ format: 'qcow2', findings: [] });
    expect(await readQcow2Header(join(directory, 'image'))).toMatchObject({ fileSize: 262_144 });
  });

  it.each([
    ['link', 'symbolic-link'],
    ['pipe', 'not-a-regular-file'],
    ['.', 'not-a-regular-file'],
    ['absent', 'not-found'],
    ['image/below', 'unreadable'],
  ])('refuses %s as %s', async (name, code) => {
    for (const inspect of [inspectFile, readQcow2Header]) {
      const error = await inspect(`${directory}/${name}`).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(ImageInspectionError);
      expect(error).toMatchObject({ code, path: `${directory}/${name}` });
    }
  });

  it('says what it found where no qcow2 is', async () => {
    writeFileSync(join(directory, 'image'), 'plain');
    await expect(readQcow2Header(join(directory, 'image'))).rejects.toMatchObject({
      code: 'wrong-signature',
    });
  });
});
