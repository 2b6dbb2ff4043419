/**
 * - `not-found`: no such file
 * - `symbolic-link`: the last component of the path is a symbolic link
 * - `not-a-regular-file`: a directory, device, socket or pipe
 * - `wrong-signature`: bytes that should be of a certain format are not
 * - `unreadable`: any other failure to open or read
 */
export type ImageInspectionErrorCode =
  'not-found' | 'symbolic-link' | 'not-a-regular-file' | 'wrong-signature' | 'unreadable';

/** An image could not be inspected at all. What is wrong inside an image is a finding, not an error. */
export class ImageInspectionError extends Error {
  override readonly name = 'ImageInspectionError';

  constructor(
    readonly code: ImageInspectionErrorCode,
    /** The file, or `undefined` for bytes that have no name. */
    readonly path: string | undefined,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
