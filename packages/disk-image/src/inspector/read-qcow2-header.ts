import type { ByteSource } from './byte-source.js';
import { ByteWindow } from './byte-window.js';
import type { ImageFinding } from './image-finding.js';
import { ImageInspectionError } from './image-inspection-error.js';
import { captureMissing } from './inspect-image.js';
import { withImageFile } from './open-image.js';
import { inspectQcow2, qcow2Probe } from './qcow2.js';
import { isQcow2, type Qcow2Header } from './qcow2-header.js';

/** A qcow2 header and what is unsafe in it. */
export interface Qcow2Inspection {
  readonly header: Qcow2Header;
  /** A backing file is always among them: whether it is welcome is for the caller to say. */
  readonly findings: readonly ImageFinding[];
  /** Size of the file in bytes. */
  readonly fileSize: number;
}

/** Headers as QEMU writes them, with the backing file's name, take a fraction of this. */
const FIRST_READ = 4096;

/**
 * Reads the header of a file that is recorded as qcow2: one small read, a
 * second where name or extensions stand further behind. Unlike `inspectImage`
 * it does not look for other formats in the same file.
 *
 * @throws ImageInspectionError `wrong-signature` when the bytes are not a
 *   qcow2, and the codes of `inspectFile` for a path.
 */
export async function readQcow2Header(image: ByteSource | string): Promise<Qcow2Inspection> {
  return typeof image === 'string'
    ? withImageFile(image, (source) => readHeader(source, image))
    : readHeader(image, undefined);
}

async function readHeader(source: ByteSource, path: string | undefined): Promise<Qcow2Inspection> {
  const window = new ByteWindow(source.size);
  window.add(0, await source.read(0, Math.min(FIRST_READ, source.size)));
  if (!isQcow2(window)) {
    const start = Buffer.from(window.bytes(0, 4)).toString('hex');
    throw new ImageInspectionError(
      'wrong-signature',
      path,
      `Expected ${path ?? 'the image'} to be a qcow2 starting with 514649fb, found ${start}`,
    );
  }
  await captureMissing(source, window, [qcow2Probe]);
  return { ...inspectQcow2(window), fileSize: source.size };
}
