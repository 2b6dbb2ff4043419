import { systemCodeOf } from './system-code.js';
import type { BlockDevice } from '@scoria/core';
import { createReadStream } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open, stat } from 'node:fs/promises';
import { once } from 'node:events';
import type { Globals } from '../globals.js';
import { inChangingSession } from '../session.js';
import { UsageError } from '../usage-error.js';

const CHUNK = 4 * 1024 * 1024;

/** Where bytes go, in order; zeroes may be left out where the target can. */
interface Sink {
  write(data: Buffer): Promise<void>;
  zeroes(length: number): Promise<void>;
  end(): Promise<void>;
}

/** Writes a volume to a file (sparse where the volume is) or to standard output. */
export async function exportVolume(
  globals: Globals,
  name: string,
  file: string,
  force: boolean,
): Promise<void> {
  await inChangingSession(globals, async ({ manager, caller, printer, bar }) => {
    const { id } = await manager.getVolume(caller, name);
    const sink = file === '-' ? standardOutput() : await fileSink(file, force);
    const bytes = await manager.useVolumeData(caller, id, 'read-only', async (device, progress, signal) => {
      await copyOut(device, sink, signal, (done) => {
        progress(done, device.sizeBytes);
        bar.update(done, device.sizeBytes);
      });
      await sink.end();
      return device.sizeBytes;
    });
    const said = `${String(bytes)} bytes of volume ${id} written to ${file === '-' ? 'standard output' : file}`;
    if (file === '-') printer.note(said);
    else if (printer.isJson) printer.document({ id, file, bytes });
    else printer.text(said);
  });
}

/** Writes a file, or standard input, into a volume from `offset` on. */
export async function importVolume(
  globals: Globals,
  name: string,
  file: string,
  offset: number,
): Promise<void> {
  await inChangingSession(globals, async ({ manager, caller, printer, bar }) => {
    const volume = await manager.getVolume(caller, name);
    const length = file === '-' ? undefined : await lengthOf(file);
    requireRoom(volume.sizeBytes, offset, length ?? 0, file);
    const input = file === '-' ? process.stdin : createReadStream(file, { highWaterMark: CHUNK });
    const bytes = await manager.useVolumeData(
      caller,
      volume.id,
      'read-write',
      async (device, progress, signal) => {
        let at = offset;
        for await (const chunk of input as AsyncIterable<Buffer>) {
          signal.throwIfAborted();
          requireRoom(device.sizeBytes, at, chunk.length, file);
          await device.write(at, chunk);
          at += chunk.length;
          progress(at - offset, length ?? device.sizeBytes);
          bar.update(at - offset, length ?? device.sizeBytes);
        }
        await device.flush();
        return at - offset;
      },
    );
    if (printer.isJson) printer.document({ id: volume.id, bytes, offset });
    else printer.text(`${String(bytes)} bytes written to volume ${volume.id} at offset ${String(offset)}`);
  });
}

async function lengthOf(file: string): Promise<number> {
  const found = await stat(file).catch((error: unknown) => {
    throw new UsageError(`the file ${file} cannot be read (${systemCodeOf(error)})`, { cause: error });
  });
  if (found.isDirectory()) throw new UsageError(`${file} is a directory; name a file`);
  return found.size;
}

function requireRoom(sizeBytes: number, offset: number, length: number, file: string): void {
  if (offset + length <= sizeBytes) return;
  throw new UsageError(
    `${file === '-' ? 'standard input' : file} does not fit: ${String(length)} bytes at offset ${String(offset)} ` +
      `end beyond the volume's ${String(sizeBytes)} bytes; extend the volume first`,
  );
}

async function copyOut(
  device: BlockDevice,
  sink: Sink,
  signal: AbortSignal,
  progress: (done: number) => void,
): Promise<void> {
  for await (const { kind, offset, length } of device.extents()) {
    for (let at = offset; at < offset + length; at += CHUNK) {
      signal.throwIfAborted();
      const size = Math.min(CHUNK, offset + length - at);
      if (kind === 'zero') await sink.zeroes(size);
      else await sink.write(await device.read(at, size));
      progress(at + size);
    }
  }
}

function standardOutput(): Sink {
  const { stdout } = process;
  const write = async (data: Buffer): Promise<void> => {
    if (!stdout.write(data)) await once(stdout, 'drain');
  };
  return { write, zeroes: async (length) => write(Buffer.alloc(length)), end: () => Promise.resolve() };
}

async function fileSink(file: string, force: boolean): Promise<Sink> {
  const handle = await openNew(file, force);
  let at = 0;
  return {
    write: async (data) => {
      for (let done = 0; done < data.length;)
        done += (await handle.write(data, done, data.length - done, at + done)).bytesWritten;
      at += data.length;
    },
    zeroes: (length) => {
      at += length;
      return Promise.resolve();
    },
    end: async () => {
      await handle.truncate(at);
      await handle.sync();
      await handle.close();
    },
  };
}

async function openNew(file: string, force: boolean): Promise<FileHandle> {
  try {
    return await open(file, force ? 'w' : 'wx');
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === 'EEXIST')
      throw new UsageError(`${file} is there already; name another file, or replace it with --force`, {
        cause: error,
      });
    throw new UsageError(`${file} cannot be written (${code})`, { cause: error });
  }
}
