import type { ImageReport } from './image-report.js';
import { inspectImage } from './inspect-image.js';
import { withImageFile } from './open-image.js';

/**
 * Inspects a regular file; a symbolic link in its place is refused.
 *
 * @throws ImageInspectionError when the path is no readable regular file.
 */
export async function inspectFile(path: string): Promise<ImageReport> {
  return withImageFile(path, inspectImage);
}
