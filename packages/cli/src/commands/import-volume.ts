import type { BlockDevice } from '@scoria/core';
import { open } from 'node:fs/promises';
import { addAbortSignal, type Readable } from 'node:stream';
import type { Globals } from '../globals.js';
import { inChangingSession } from '../session.js';
import { UsageError } from '../usage-error.js';
import { SparseWriter } from './sparse-writer.js';
import { systemCodeOf } from './system-code.js';

const CHUNK = 4 * 1024 * 1024;

/** What is written into a volume. */
interface Source extends AsyncDisposable {
  readonly name: string;
  readonly stream: Readable;
  /** Where it is known before the end. */
  readonly length?: number;
}

/** Writes a file, or standard input, into a volume from `offset` on; what is zeroes there takes no room where it need not. */
export async function importVolume(
  globals: Globals,
  name: string,
  file: string,
  offset: number,
): Promise<void> {
  await using source = file === '-' ? standardInput() : await fileSource(file);
  await inChangingSession(globals, async ({ manager, caller, printer, bar }) => {
    const volume = await manager.getVolume(caller, name);
    requireRoom(volume.sizeBytes, offset, source);
    const bytes = await manager.useVolumeData(
      caller,
      volume.id,
      'read-write',
      async (device, progress, signal) => {
        const total = source.length ?? device.sizeBytes - offset;
        return copyIn(source, device, { offset, signal }, (done) => {
          progress(done, total);
          bar.update(done, total);
        });
      },
    );
    if (printer.isJson) printer.document({ id: volume.id, bytes, offset });
    else printer.line(`${String(bytes)} bytes written to volume ${volume.id} at offset ${String(offset)}`);
  });
}

async function copyIn(
  { stream, name }: Source,
  device: BlockDevice,
  { offset, signal }: { readonly offset: number; readonly signal: AbortSignal },
  progress: (done: number) => void,
): Promise<number> {
  // Ends also the wait for an input that does not come.
  addAbortSignal(signal, stream);
  const writer = new SparseWriter(device, offset);
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      if (writer.end + chunk.length > device.sizeBytes) throw tooMuch(name, device.sizeBytes, offset);
      await writer.write(chunk);
      progress(writer.end - offset);
    }
    await writer.finish();
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
  await device.flush();
  return writer.end - offset;
}

function standardInput(): Source {
  const { stdin } = process;
  return {
    name: 'standard input',
    stream: stdin,
    [Symbol.asyncDispose]: () => {
      // Nobody reads the rest; without this the command would wait for its end.
      stdin.destroy();
      return Promise.resolve();
    },
  };
}

async function fileSource(file: string): Promise<Source> {
  const handle = await open(file).catch((cause: unknown) => {
    throw new UsageError(`the file ${file} cannot be read (${systemCodeOf(cause)})`, { cause });
  });
  const found = await handle.stat();
  if (found.isDirectory()) {
    await handle.close();
    throw new UsageError(`${file} is a directory; name a file`);
  }
  return {
    name: file,
    stream: handle.createReadStream({ highWaterMark: CHUNK, autoClose: false }),
    ...(found.isFile() ? { length: found.size } : {}),
    [Symbol.asyncDispose]: async () => handle.close(),
  };
}

function requireRoom(sizeBytes: number, offset: number, { name, length = 0 }: Source): void {
  if (offset + length <= sizeBytes) return;
  throw new UsageError(
    `${name} does not fit: ${String(length)} bytes at offset ${String(offset)} ` +
      `end beyond the volume's ${String(sizeBytes)} bytes; extend the volume first`,
  );
}

function tooMuch(name: string, sizeBytes: number, offset: number): Error {
  return new Error(
    `${name} holds more than fits from offset ${String(offset)} on into the volume's ${String(sizeBytes)} bytes, and ` +
      'was written in part; extend the volume and import it again (scoria volume reset calls it available)',
  );
}
