import type { ByteWindow } from './byte-window.js';
import type { FormatProbe, ProbeResult } from './format-probe.js';
import { Findings } from './image-finding.js';
import { judgeVhdDynamicHeader, VHD_DYNAMIC_HEADER_LENGTH, type VhdDynamicHeader } from './vhd-dynamic.js';
import { readVhdFooters, vhdVirtualSize, type VhdFooter } from './vhd-footer.js';

/** What footer and header of a VHD say. */
export interface VhdDetails {
  readonly kind: 'vhd';
  readonly type: 'fixed' | 'dynamic' | 'differencing' | 'unknown';
  readonly footer: VhdFooter;
  readonly dynamic: VhdDynamicHeader | undefined;
}

const TYPES = ['unknown', 'unknown', 'fixed', 'dynamic', 'differencing'] as const;
// QEMU's limit, about 2 TiB (block/vpc.c).
const SIZE_MAX = 65535 * 255 * 255 * 512;

/** VHD: a fixed disk is its payload with a footer behind it, the others start with a copy of it. */
export const vhdProbe: FormatProbe<VhdDetails> = {
  regions(window) {
    return readVhdFooters(window)
      .filter((footer) => footer.at === 0 && footer.type !== 2)
      .map((footer) => ({ offset: footer.dataOffset, length: VHD_DYNAMIC_HEADER_LENGTH }));
  },

  inspect(window): ProbeResult<VhdDetails> | undefined {
    const footers = readVhdFooters(window);
    const footer = footers[0];
    if (footer === undefined) {
      return undefined;
    }
    const findings = new Findings();
    for (const copy of footers) {
      judgeFooter(window, copy, findings);
    }
    findings.when(
      footers.some((other) => !sameDisk(footer, other)),
      'ambiguous-header',
      'the copies of the VHD footer at start and end describe different disks',
    );
    findings.when(
      footer.type !== 2 && footer.at !== 0,
      'ambiguous-header',
      'the VHD footer at the end is not of a fixed disk, but has no copy at the start',
    );
    const type = TYPES[footer.type] ?? 'unknown';
    const virtualSize = vhdVirtualSize(footer);
    const dynamic =
      type === 'fixed' ? undefined : judgeVhdDynamicHeader(window, footer.dataOffset, virtualSize, findings);
    return {
      format: 'vhd',
      ownsStart: footer.at === 0,
      virtualSize,
      details: { kind: 'vhd', type, footer, dynamic },
      findings: findings.list,
    };
  },
};

function judgeFooter(window: ByteWindow, footer: VhdFooter, findings: Findings): void {
  const where = `VHD footer at ${footer.at}`;
  findings.when(!footer.checksumValid, 'bad-checksum', `checksum of the ${where}`);
  findings.when(footer.type === 4, 'backing-file', `${where}: a differencing disk, its data is in a parent`);
  findings.when(
    ![2, 3, 4].includes(footer.type),
    'unsupported-subformat',
    `${where}: disk type ${footer.type}`,
  );
  findings.bounds(
    vhdVirtualSize(footer) < SIZE_MAX,
    `size in the ${where}`,
    vhdVirtualSize(footer),
    'less than 2 TiB',
  );
  findings.when(
    footer.type === 2 && vhdVirtualSize(footer) > window.size,
    'truncated',
    `${where}: a fixed disk of ${vhdVirtualSize(footer)} bytes in a file of ${window.size}`,
  );
}

function sameDisk(one: VhdFooter, other: VhdFooter): boolean {
  return (
    one.type === other.type &&
    one.dataOffset === other.dataOffset &&
    vhdVirtualSize(one) === vhdVirtualSize(other)
  );
}
