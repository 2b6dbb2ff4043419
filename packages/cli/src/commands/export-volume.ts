import type { BlockDevice } from '@scoria/core';
import type { Globals } from '../globals.js';
import { inChangingSession } from '../session.js';
import type { Sink } from './sinks.js';
import { sinkFor } from './sinks.js';

const CHUNK = 4 * 1024 * 1024;

/** Writes a volume to a file (sparse where the volume is) or to standard output. */
export async function exportVolume(
  globals: Globals,
  name: string,
  file: string,
  force: boolean,
): Promise<void> {
  const openSink = await sinkFor(file, force);
  await inChangingSession(globals, async ({ manager, caller, printer, bar }) => {
    const { id } = await manager.getVolume(caller, name);
    const bytes = await manager.useVolumeData(caller, id, 'read-only', async (device, progress, signal) => {
      await using sink = await openSink();
      await copyOut(device, sink, signal, (done) => {
        progress(done, device.sizeBytes);
        bar.update(done, device.sizeBytes);
      });
      await sink.finish();
      return device.sizeBytes;
    });
    const said = `${String(bytes)} bytes of volume ${id} written to ${file === '-' ? 'standard output' : file}`;
    if (file === '-') printer.note(said);
    else if (printer.isJson) printer.document({ id, file, bytes });
    else printer.line(said);
  });
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
