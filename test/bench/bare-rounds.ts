import { execFile } from 'node:child_process';
import { unlink } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { Stopwatch } from './report.js';

const run = promisify(execFile);

/** What the tools alone take for the same changes: no record, no lock, no check, nothing waited for on disk. */
export class BareRounds {
  readonly watch = new Stopwatch();

  constructor(private readonly directory: string) {}

  async round(depth: number): Promise<void> {
    const { watch } = this;
    const files = Array.from({ length: depth + 1 }, (_, index) =>
      path.join(this.directory, `bare-${String(index)}`),
    );
    const [base = '', ...overlays] = files;
    await watch.time('create_volume', () => qemuImg('create', '-q', '-f', 'raw', base, '1G'));
    for (const [index, overlay] of overlays.entries()) {
      await watch.time('create_snapshot', () => createOverlay(overlay, files[index] ?? '', index === 0));
    }
    await watch.time('initialize_connection', () =>
      qemuImg('info', '--output=json', '-f', depth === 0 ? 'raw' : 'qcow2', files.at(-1) ?? ''),
    );
    for (const [index, overlay] of overlays.entries()) {
      const above = overlays[index + 1];
      await watch.time('delete_snapshot', () => mergeDown(overlay, base, above));
    }
    await watch.time('delete_volume', () => unlink(base));
  }
}

async function createOverlay(overlay: string, backing: string, onRaw: boolean): Promise<void> {
  await qemuImg(
    'create',
    '-q',
    '-f',
    'qcow2',
    '-b',
    path.basename(backing),
    '-F',
    onRaw ? 'raw' : 'qcow2',
    overlay,
  );
}

async function mergeDown(overlay: string, base: string, above: string | undefined): Promise<void> {
  await qemuImg('commit', '-q', '-d', '-f', 'qcow2', overlay);
  if (above !== undefined) {
    await qemuImg('rebase', '-u', '-f', 'qcow2', '-b', path.basename(base), '-F', 'raw', above);
  }
  await unlink(overlay);
}

async function qemuImg(...args: string[]): Promise<void> {
  await run('qemu-img', args, { timeout: 60_000 });
}
