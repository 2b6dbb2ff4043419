import type { ByteWindow } from './byte-window.js';
import type { FormatProbe, ProbeResult } from './format-probe.js';
import { Findings } from './image-finding.js';
import { parseVmdkDescriptor, type VmdkDescriptor } from './vmdk-descriptor.js';
import { isVmdkSparse, type VmdkSparseHeader } from './vmdk-header.js';
import { judgeExternalExtents, judgeVmdkDescriptor } from './vmdk-judge.js';
import { inspectVmdkSparse } from './vmdk-sparse.js';
import { findVmdkText, type VmdkText } from './vmdk-text.js';

/** What a VMDK says. */
export interface VmdkDetails {
  readonly kind: 'vmdk';
  /** `sparse` is one file with header and data; the others are refused. */
  readonly layout: 'sparse' | 'descriptor' | 'vmfs-sparse' | 'se-sparse';
  readonly createType: string | undefined;
  readonly header: VmdkSparseHeader | undefined;
  readonly descriptor: VmdkDescriptor | undefined;
}

const SE_SPARSE_MAGIC = 0xcafebabe;
const SE_SPARSE_VERSION = 0x200000001;

/** VMDK in all its layouts. Only single files with an embedded descriptor can be free of findings. */
export const vmdkProbe: FormatProbe<VmdkDetails> = {
  regions: () => [],

  inspect(window): ProbeResult<VmdkDetails> | undefined {
    if (isVmdkSparse(window)) {
      return sparse(window);
    }
    const extent = extentLayout(window);
    if (extent !== undefined) {
      return extentFile(extent);
    }
    const text = findVmdkText(window);
    return text && descriptorFile(text);
  },
};

function sparse(window: ByteWindow): ProbeResult<VmdkDetails> {
  const findings = new Findings();
  const { header, descriptor } = inspectVmdkSparse(window, findings);
  return result('sparse', header.capacity, findings, header, descriptor);
}

/** Extents of ESX that have their descriptor in another file. */
function extentLayout(window: ByteWindow): 'vmfs-sparse' | 'se-sparse' | undefined {
  if (window.latin1(0, 4) === 'COWD') {
    return 'vmfs-sparse';
  }
  const seSparse = window.u64le(0) === SE_SPARSE_MAGIC && window.u64le(8) === SE_SPARSE_VERSION;
  return seSparse ? 'se-sparse' : undefined;
}

function extentFile(layout: 'vmfs-sparse' | 'se-sparse'): ProbeResult<VmdkDetails> {
  const findings = new Findings();
  findings.add('unsupported-subformat', `a VMDK extent of type ${layout}`);
  return result(layout, 0, findings);
}

function descriptorFile(text: VmdkText): ProbeResult<VmdkDetails> {
  const findings = new Findings();
  const descriptor = parseVmdkDescriptor(text.bytes);
  findings.add('unsupported-subformat', 'a VMDK descriptor alone: the data is in other files');
  judgeVmdkDescriptor(descriptor, findings);
  judgeExternalExtents(descriptor.extents, findings);
  findings.when(
    text.disguise !== undefined,
    'disguised-descriptor',
    `VMDK descriptor behind ${text.disguise ?? ''}`,
  );
  const sectors = descriptor.extents.reduce((sum, extent) => sum + extent.sectors, 0);
  return result('descriptor', sectors * 512, findings, undefined, descriptor);
}

function result(
  layout: VmdkDetails['layout'],
  virtualSize: number,
  findings: Findings,
  header?: VmdkSparseHeader,
  descriptor?: VmdkDescriptor,
): ProbeResult<VmdkDetails> {
  return {
    format: 'vmdk',
    ownsStart: true,
    virtualSize: Math.min(virtualSize, Number.MAX_SAFE_INTEGER),
    details: { kind: 'vmdk', layout, createType: descriptor?.createTypes[0], header, descriptor },
    findings: findings.list,
  };
}
