import { memoryHarness } from '../memory-driver/memory-plugin.js';
import type { ConformanceHarness } from './harness.js';
import { withStage } from './stage.js';

/** A harness whose storage cannot be taken down. */
function clinging(): ConformanceHarness {
  const harness = memoryHarness();
  const freshStorage: ConformanceHarness['freshStorage'] = async () => ({
    ...(await harness.freshStorage()),
    dispose: async () => Promise.reject(new Error('the storage is busy')),
  });
  return { ...harness, freshStorage };
}

it('what a case fails of is not hidden by a storage that cannot be taken down then', async () => {
  const failing = withStage(clinging(), async () => Promise.reject(new Error('a byte is wrong')));
  await expect(failing).rejects.toThrow('Error: a byte is wrong; then Error: the storage is busy');
});

it('a storage that cannot be taken down is a failure of its own', async () => {
  await expect(withStage(clinging(), async () => {})).rejects.toThrow('the storage is busy');
});
