import type { ByteWindow } from './byte-window.js';
import type { FormatProbe, ProbeResult } from './format-probe.js';
import { Findings } from './image-finding.js';

/** What a VirtualBox disk image's header says. Sizes in bytes. */
export interface VdiDetails {
  readonly kind: 'vdi';
  /** Major version in the upper 16 bits, minor in the lower. */
  readonly version: number;
  /** 1 dynamic, 2 static; others are undo and differencing images. */
  readonly imageType: number;
  readonly blockSize: number;
  readonly blocks: number;
}

const SIGNATURE = 0xbeda107f;
const VERSION_1_1 = 0x00010001;
const HEADER_LENGTH = 512;
const BLOCK_SIZE = 1024 * 1024;
// QEMU's limit (block/vdi.c): the block map must stay below 4 GiB.
const BLOCKS_MAX = 0x3fffffff;

/** VDI 1.1, as VirtualBox and QEMU write it. */
export const vdiProbe: FormatProbe<VdiDetails> = {
  regions: () => [],

  inspect(window): ProbeResult<VdiDetails> | undefined {
    if (window.u32le(0x40) !== SIGNATURE) {
      return undefined;
    }
    const details: VdiDetails = {
      kind: 'vdi',
      version: window.u32le(0x44),
      imageType: window.u32le(0x4c),
      blockSize: window.u32le(0x178),
      blocks: window.u32le(0x180),
    };
    const virtualSize = window.u64le(0x170);
    const findings = new Findings();
    judge(window, details, virtualSize, findings);
    judgeParents(window, findings);
    return { format: 'vdi', ownsStart: true, virtualSize, details, findings: findings.list };
  },
};

function judge(window: ByteWindow, details: VdiDetails, virtualSize: number, findings: Findings): void {
  const { version, imageType, blockSize, blocks } = details;
  findings.when(
    version !== VERSION_1_1,
    'unknown-version',
    `VDI version ${version >>> 16}.${version & 0xffff}; known is 1.1`,
  );
  findings.when(
    imageType !== 1 && imageType !== 2,
    'unsupported-subformat',
    `VDI image type ${imageType}; accepted are 1 (dynamic) and 2 (static)`,
  );
  findings.bounds(blockSize === BLOCK_SIZE, 'block size', blockSize, `${BLOCK_SIZE}`);
  findings.bounds(blocks <= BLOCKS_MAX, 'number of blocks', blocks, `at most ${BLOCKS_MAX}`);
  findings.bounds(virtualSize <= blocks * BLOCK_SIZE, 'disk size', virtualSize, `at most ${blocks} blocks`);
  const map = window.u32le(0x154);
  const data = window.u32le(0x158);
  findings.bounds(
    map % 512 === 0 && map >= HEADER_LENGTH && data % 512 === 0,
    'offset of block map and data',
    `${map} and ${data}`,
    'multiples of 512 behind the header',
  );
  findings.when(
    !window.has(0, HEADER_LENGTH) || map + blocks * 4 > Math.ceil(window.size / 512) * 512,
    'truncated',
    `the block map ends at ${map + blocks * 4}, the file at ${window.size}`,
  );
}

function judgeParents(window: ByteWindow, findings: Findings): void {
  for (const [name, offset] of [
    ['link', 0x1a8],
    ['parent', 0x1b8],
  ] as const) {
    const uuid = window.bytes(offset, 16);
    findings.when(
      uuid.some((byte) => byte !== 0),
      'backing-file',
      `VDI ${name} UUID ${Buffer.from(uuid).toString('hex')}`,
    );
  }
}
