import type { ConformanceStorage } from '@scoria/testkit';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const BLOCK_BYTES = 512;

/** A directory of its own for the local driver. Its hidden directories are no leftovers; files in them are. */
export async function directoryStorage(
  options: Readonly<Record<string, unknown>> = {},
): Promise<ConformanceStorage> {
  const directory = await mkdtemp(path.join(tmpdir(), 'scoria-conformance-'));
  return {
    options: { local_volumes_path: directory, ...options },
    leftovers: () => filesIn(directory),
    usedBytes: async () => {
      const sizes = await Promise.all(
        (await filesIn(directory)).map(async (file) => stat(path.join(directory, file))),
      );
      return sizes.reduce((sum, { blocks }) => sum + blocks * BLOCK_BYTES, 0);
    },
    referenceOf: (volume) => ({
      'source-name': `volume-${volume.id}`,
      'source-format': volume.providerMetadata.format ?? 'raw',
    }),
    dispose: () => rm(directory, { recursive: true, force: true }),
  };
}

async function filesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(directory, path.join(entry.parentPath, entry.name)));
}
