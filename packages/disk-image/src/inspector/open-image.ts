import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { fileSource, type ByteSource } from './byte-source.js';
import { ImageInspectionError, type ImageInspectionErrorCode } from './image-inspection-error.js';

// Not blocking, so that a pipe put in the file's place does not hold the process.
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

const CODES: Readonly<Record<string, ImageInspectionErrorCode>> = {
  ENOENT: 'not-found',
  ELOOP: 'symbolic-link',
  // Sockets can not be opened at all.
  ENXIO: 'not-a-regular-file',
};

/**
 * Opens a regular file, lets `use` read it, and closes it.
 *
 * @throws ImageInspectionError when the path is no readable regular file, or
 *   reading it fails.
 */
export async function withImageFile<T>(path: string, use: (source: ByteSource) => Promise<T>): Promise<T> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, FLAGS);
    return await use(await regularFileSource(handle, path));
  } catch (error) {
    throw asInspectionError(error, path);
  } finally {
    await handle?.close();
  }
}

async function regularFileSource(handle: FileHandle, path: string): Promise<ByteSource> {
  const stats = await handle.stat();
  if (!stats.isFile()) {
    throw new ImageInspectionError(
      'not-a-regular-file',
      path,
      `Expected ${path} to be a regular file, found file mode 0${stats.mode.toString(8)}`,
    );
  }
  return fileSource(handle, stats.size);
}

/** Failures of the file system have a string `code`; anything else is passed on as it is. */
function asInspectionError(error: unknown, path: string): unknown {
  if (error instanceof ImageInspectionError || !isSystemError(error)) {
    return error;
  }
  const code = CODES[error.code] ?? 'unreadable';
  return new ImageInspectionError(code, path, `Can not inspect ${path}: ${error.message}`, { cause: error });
}

function isSystemError(error: unknown): error is Error & { readonly code: string } {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string';
}
