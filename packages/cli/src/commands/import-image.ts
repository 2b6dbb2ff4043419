import type { ImageFile } from '@scoria/manager';
import { realpath } from 'node:fs/promises';
import type { Globals } from '../globals.js';
import { inChangingSession } from '../session.js';
import { UsageError } from '../usage-error.js';
import { systemCodeOf } from './system-code.js';

/** Writes the disk in an image file into a volume, converted on the way. */
export async function importImage(
  globals: Globals,
  name: string,
  { file, format }: ImageFile,
): Promise<void> {
  const found = await realpath(file).catch((cause: unknown) => {
    throw new UsageError(`the file ${file} cannot be read (${systemCodeOf(cause)})`, { cause });
  });
  await inChangingSession(globals, async ({ manager, caller, printer, bar }) => {
    const { id } = await manager.getVolume(caller, name);
    const bytes = await manager.importImage(caller, id, { file: found, format }, (done, total) => {
      bar.update(done, total);
    });
    if (printer.isJson) printer.document({ id, bytes, offset: 0 });
    else printer.line(`a disk of ${String(bytes)} bytes written to volume ${id}`);
  });
}
