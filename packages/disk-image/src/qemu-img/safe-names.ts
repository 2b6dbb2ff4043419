import { DriverError } from '@scoria/core';

/**
 * Checks a path that is handed to a tool: one that begins with '/' can be taken neither for an option nor for
 * one of qemu's protocols ('nbd:...', 'json:...'), whatever else is in it.
 */
export function assertAbsolutePath(path: string): void {
  if (path.startsWith('/') && !path.includes('\0')) return;
  throw new DriverError({
    code: 'invalid-input',
    message: `an image's path must be absolute and without NUL bytes, got ${JSON.stringify(path)}`,
  });
}

/**
 * Checks a name that is written into a qcow2 header: a plain file name, found beside the image. A colon would
 * make qemu see a protocol in it.
 */
export function assertPlainName(name: string): void {
  if (/^[^/:\p{Cc}]+$/u.test(name) && name !== '.' && name !== '..') return;
  throw new DriverError({
    code: 'invalid-input',
    message: `a backing file's name must be a plain file name without '/' and ':', got ${JSON.stringify(name)}`,
  });
}
