import type { ImageFormat } from '@scoria/disk-image';
import { inspectFile } from '@scoria/disk-image';

/**
 * What a file looks like, for a volume that has no recorded format at all. Only `raw` may be taken at its word:
 * a guest can write any header into a raw volume.
 */
export async function probeFormat(path: string): Promise<ImageFormat> {
  const report = await inspectFile(path).catch((error: unknown) => {
    throw missingAsSystemError(error);
  });
  return report.format;
}

function missingAsSystemError(error: unknown): unknown {
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  return code === 'not-found' ? cause : error;
}
