import { MemoryLogger } from '@scoria/testkit';
import { CapacityReader } from './capacity.js';
import { measureShares } from './share-spaces.js';
import { ShareWatch } from './share-watch.js';

describe('measureShares', () => {
  it('leaves out what cannot be measured, with a warning, and keeps the order', async () => {
    const logger = new MemoryLogger();
    const capacities = new CapacityReader((path) => {
      if (path === '/dead') return Promise.reject(new Error('stale'));
      return Promise.resolve({ bsize: 1n, blocks: 10n, bavail: 5n });
    });
    const shares = ['c', 'dead', 'a', 'b'].map((name) => ({ share: name, path: `/${name}` }));
    const provisioned = ({ share }: { share: string }): number => {
      if (share === 'b') throw new Error('cannot count');
      return 7;
    };

    const spaces = await measureShares(shares, {
      capacities,
      provisioned,
      logger,
      watch: new ShareWatch(logger),
    });

    expect(spaces.map(({ share, provisionedBytes }) => [share.share, provisionedBytes])).toEqual([
      ['c', 7],
      ['a', 7],
    ]);
    expect(logger.lines.map(({ level, message }) => `${level} ${message}`)).toEqual([
      expect.stringMatching(/^warn the share dead is left out: .*stale/),
      expect.stringMatching(/^warn the share b is left out: .*cannot count/),
    ]);
  });
});
