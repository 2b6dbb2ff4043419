import { KIB } from '@scoria/core';
import type { ConformanceStorage } from '@scoria/testkit';
import { describeConformance } from '@scoria/testkit';
import { FakeArray } from './fake-array/fake-array.js';
import plugin from './index.js';

async function freshStorage(): Promise<ConformanceStorage> {
  const array = await FakeArray.start();
  return {
    options: {
      acme_url: array.url,
      acme_user: array.user,
      acme_password: array.password,
      acme_pool: array.state.pool,
    },
    leftovers: async () => Promise.resolve(array.names()),
    usedBytes: async () => Promise.resolve(array.state.usedBytes),
    dispose: () => array.stop(),
  };
}

describeConformance('the Acme driver', () => ({
  plugin,
  freshStorage,
  volumeBytes: 256 * KIB,
  invalidConnectors: [{ host: 'no-initiator' }],
}));
