import { TestChain } from '../spec-support/test-chain.js';

const MIB = 1024 * 1024;
const CLUSTER = 64 * 1024;

describe('QemuImg.commit on real chains', () => {
  let chain: TestChain;
  beforeEach(async () => {
    chain = await TestChain.create();
  });
  afterEach(async () => {
    await chain.remove();
  });

  /** raw base, full of data, below three overlays; the newest is what the test adds. */
  async function deepChain(createOptions: readonly string[] = []): Promise<void> {
    await chain.addBase('raw', 8 * MIB);
    await chain.write(0, { offset: 0, length: 8 * MIB, byte: 0x11 });
    await chain.addOverlay(8 * MIB);
    await chain.write(1, { offset: 1 * MIB, length: 1 * MIB, byte: 0x22 });
    await chain.addOverlay(8 * MIB, createOptions);
    await chain.write(2, { offset: 2 * MIB, length: 1 * MIB, byte: 0x33 });
  }

  it('writes zero clusters over data that lies below the layer it commits into', async () => {
    await deepChain();
    await chain.addOverlay(8 * MIB);
    await chain.zero(3, { offset: 1 * MIB, length: 8 * CLUSTER });
    await chain.zero(3, { offset: 5 * MIB, length: 8 * CLUSTER });
    await chain.zero(3, { offset: 2 * MIB, length: 2 * CLUSTER });
    await chain.commit(3);
    await chain.expectLayer(2, chain.model(3));
    await chain.expectLayer(1);
    await chain.expectLayer(0);
  });

  it.each([
    ['clusters of 2 MiB in the lower layer', ['-o', 'cluster_size=2M'], []],
    ['clusters of 4 KiB in the upper layer', [], ['-o', 'cluster_size=4k']],
    [
      'subclusters in the upper layer',
      ['-o', 'cluster_size=128k'],
      ['-o', 'extended_l2=on,cluster_size=128k'],
    ],
    ['subclusters in the lower layer', ['-o', 'extended_l2=on,cluster_size=128k'], []],
    ['an old header without zero clusters below', ['-o', 'compat=0.10'], []],
  ])('is right with %s', async (_name, lower, upper) => {
    await deepChain(lower);
    await chain.addOverlay(10 * MIB, upper);
    await chain.write(3, { offset: 3 * MIB + 68 * 1024, length: 4096, byte: 0x44 });
    await chain.zero(3, { offset: 1 * MIB, length: 8 * CLUSTER });
    await chain.write(3, { offset: 9 * MIB, length: CLUSTER, byte: 0x55 });
    await chain.commit(3);
    await chain.expectLayer(2, chain.model(3));
  });

  it('commits the middle of a chain, layer after layer, without changing what is read above', async () => {
    await chain.remove();
    chain = await TestChain.scribbled();
    await chain.commit(2);
    await chain.expectLayer(1, chain.model(2));
    await chain.expectLayer(3);
    await chain.commit(1);
    await chain.expectLayer(0, chain.model(2));
    await chain.expectLayer(3);
  });

  it('grows what it commits into', async () => {
    await chain.addBase('qcow2', 2 * MIB);
    await chain.write(0, { offset: MIB, length: MIB, byte: 0x11 });
    await chain.addOverlay(2 * MIB);
    await chain.qemuImg.resize(chain.layers(), 5 * MIB + 512, chain);
    const grown = Buffer.concat([chain.model(1), Buffer.alloc(3 * MIB + 512)]);
    await chain.writeAt(1, { offset: 5 * MIB, length: 512, byte: 0x22 });
    grown.fill(0x22, 5 * MIB);
    await chain.commit(1);
    await chain.expectLayer(0, grown);
  });

  it('can be repeated', async () => {
    await chain.remove();
    chain = await TestChain.scribbled();
    await chain.commit(3);
    await chain.commit(3);
    await chain.expectLayer(2, chain.model(3));
  });

  it('does not open what is below where it need not', async () => {
    await deepChain();
    await chain.addOverlay(8 * MIB);
    await chain.write(3, { offset: 0, length: 100, byte: 0x44 });
    await chain.hide(0);
    await chain.commit(3);
    await chain.unhide(0);
    await chain.expectLayer(2, chain.model(3));
  });
});
