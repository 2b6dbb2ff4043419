import { collect } from '../device-access.js';
import { patternBytes } from '../pattern-bytes.js';
import { MemoryBlockDevice } from './memory-block-device.js';
import { SparseBytes } from './sparse-bytes.js';

describe('SparseBytes', () => {
  it('takes room for what is written, and gives it back for whole pages of zeroes', () => {
    const bytes = new SparseBytes(64 * 1024);
    bytes.write(4000, patternBytes(1, 200));
    expect(bytes.usedBytes).toBe(8192);
    bytes.zero(0, 4096);
    expect(bytes.usedBytes).toBe(4096);
    expect(bytes.extents()).toEqual([
      { offset: 0, length: 4096, kind: 'zero' },
      { offset: 4096, length: 4096, kind: 'data' },
      { offset: 8192, length: 56 * 1024, kind: 'zero' },
    ]);
  });

  it('copies without sharing later writes', () => {
    const bytes = new SparseBytes(8192);
    bytes.write(0, patternBytes(1, 8192));
    const copy = bytes.copy(16384);
    copy.write(4096, patternBytes(2, 10));
    expect(bytes.read(0, 8192)).toEqual(patternBytes(1, 8192));
    expect(copy.changedSince(bytes)).toEqual([{ offset: 4096, length: 4096 }]);
    expect(copy.read(8192, 8192)).toEqual(Buffer.alloc(8192));
  });
});

describe('MemoryBlockDevice', () => {
  it('calls onClose once', async () => {
    let closes = 0;
    const device = new MemoryBlockDevice(new SparseBytes(512), { onClose: () => void (closes += 1) });
    await device.close();
    await device.close();
    expect(closes).toBe(1);
  });

  it('knows no changes unless it is given older bytes', async () => {
    const device = new MemoryBlockDevice(new SparseBytes(512));
    await expect(collect(device.changedExtents('x'))).rejects.toMatchObject({ code: 'not-supported' });
    const knowing = new MemoryBlockDevice(new SparseBytes(512), { bytesOfSnapshot: () => undefined });
    await expect(collect(knowing.changedExtents('x'))).rejects.toMatchObject({ code: 'snapshot-not-found' });
  });
});
