import { claimedFormat, qemuName } from './image-format.js';

describe('names of formats', () => {
  it.each([
    ['raw', 'raw'],
    ['ami', 'raw'],
    ['ari', 'raw'],
    ['vpc', 'vhd'],
    ['vhd', 'vhd'],
    ['iso', 'iso'],
    ['qcow2', 'qcow2'],
    ['ploop', undefined],
    ['constructor', undefined],
  ])('%s is claimed as %s', (name, claimed) => {
    expect(claimedFormat(name)).toBe(claimed);
  });

  it('are qemu’s on its command line', () => {
    expect([qemuName('vhd'), qemuName('vhdx'), qemuName('raw')]).toEqual(['vpc', 'vhdx', 'raw']);
  });
});
