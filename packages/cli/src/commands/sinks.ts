import { randomUUID } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { UsageError } from '../usage-error.js';
import { systemCodeOf } from './system-code.js';

/** A volume's data is for its owner only. */
const PRIVATE = 0o600;

/** Where bytes go, in order. What was not finished when it is disposed of is taken back where that can be. */
export interface Sink extends AsyncDisposable {
  write(data: Buffer): Promise<void>;
  /** Left out where the target reads as zeroes anyway. */
  zeroes(length: number): Promise<void>;
  finish(): Promise<void>;
}

/**
 * Decides how to write `file` (`-`: standard output), without touching it: what is there stays until all is written.
 * @throws UsageError if there is a file already, and no `force`
 */
export async function sinkFor(file: string, force: boolean): Promise<() => Promise<Sink>> {
  if (file === '-') return () => Promise.resolve(streamSink(writeToStandardOutput));
  const found = await stat(file).catch(() => undefined);
  if (found?.isDirectory() === true) throw new UsageError(`${file} is a directory; name a file`);
  if (found === undefined) return async () => newFile(file, file);
  if (!force) throw new UsageError(`${file} is there already; name another file, or replace it with --force`);
  if (!found.isFile()) return async () => deviceSink(file);
  const beside = path.join(path.dirname(file), `.${path.basename(file)}.${randomUUID().slice(0, 8)}.part`);
  return async () => newFile(beside, file);
}

async function newFile(written: string, file: string): Promise<Sink> {
  const handle = await openFor(written, 'wx', file);
  let at = 0;
  let isFinished = false;
  return {
    write: async (data) => {
      await writeAll(handle, data, at, file);
      at += data.length;
    },
    zeroes: (length) => {
      at += length;
      return Promise.resolve();
    },
    finish: async () => {
      await handle.truncate(at);
      await handle.sync();
      if (written !== file) await rename(written, file);
      isFinished = true;
    },
    [Symbol.asyncDispose]: async () => {
      await handle.close();
      if (!isFinished) await rm(written, { force: true });
    },
  };
}

/** A device or a pipe: nothing of it reads as zeroes by itself, and nothing can be taken back. */
async function deviceSink(file: string): Promise<Sink> {
  const handle = await openFor(file, 'w', file);
  return {
    ...streamSink((data) => writeAll(handle, data, null, file)),
    [Symbol.asyncDispose]: async () => handle.close(),
  };
}

function streamSink(write: (data: Buffer) => Promise<void>): Sink {
  return {
    write,
    zeroes: async (length) => write(Buffer.alloc(length)),
    finish: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function writeToStandardOutput(data: Buffer): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(data, (error) => {
      if (error)
        reject(new Error(`standard output cannot be written (${systemCodeOf(error)})`, { cause: error }));
      else resolve();
    });
  });
}

async function writeAll(handle: FileHandle, data: Buffer, at: number | null, file: string): Promise<void> {
  try {
    for (let done = 0; done < data.length;) {
      const position = at === null ? null : at + done;
      done += (await handle.write(data, done, data.length - done, position)).bytesWritten;
    }
  } catch (cause) {
    throw new Error(`${file} cannot be written (${systemCodeOf(cause)})`, { cause });
  }
}

async function openFor(written: string, flags: string, file: string): Promise<FileHandle> {
  try {
    return await open(written, flags, PRIVATE);
  } catch (cause) {
    throw new UsageError(`${file} cannot be written (${systemCodeOf(cause)})`, { cause });
  }
}
