import type { ImageDetails } from './image-details.js';
import type { ImageFinding } from './image-finding.js';
import type { ContentLayout, ImageFormat } from './image-format.js';

/** What an image is, as its bytes say. Nothing in it was taken on trust. */
export interface ImageReport {
  /** The container to open the image as; `raw` when no known container's signature is there. */
  readonly format: ImageFormat;
  /** Every container whose signature matches, never empty. More than one is a polyglot. */
  readonly formats: readonly ImageFormat[];
  /** What the payload looks like at the file's start. Inside a container this is a polyglot. */
  readonly content: readonly ContentLayout[];
  /** Size of the disk the guest sees in bytes; at most `Number.MAX_SAFE_INTEGER`. */
  readonly virtualSize: number;
  /** Size of the file in bytes. */
  readonly fileSize: number;
  /** `undefined` for raw. */
  readonly details: ImageDetails | undefined;
  /** Everything unsafe that was found; empty for a self-contained, sound image. */
  readonly findings: readonly ImageFinding[];
}
