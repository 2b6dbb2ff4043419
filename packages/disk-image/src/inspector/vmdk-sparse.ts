import type { ByteWindow } from './byte-window.js';
import type { Findings } from './image-finding.js';
import { parseVmdkDescriptor, vmdkParentHints, type VmdkDescriptor } from './vmdk-descriptor.js';
import {
  isVmdkSparse,
  judgeVmdkDescriptorPlace,
  judgeVmdkHeader,
  parseVmdkHeader,
  vmdkFooterOffset,
  VMDK_DESCRIPTOR_MAX,
  type VmdkSparseHeader,
} from './vmdk-header.js';
import { judgeEmbeddedExtents, judgeVmdkDescriptor } from './vmdk-judge.js';

const HEADER_LENGTH = 512;
/** QEMU searches this much behind the header for a parent's name, whatever the header says. */
const PARENT_SEARCH = 20 * 512;

/** Judges a sparse VMDK: header, footer if the header refers to it, and embedded descriptor. */
export function inspectVmdkSparse(
  window: ByteWindow,
  findings: Findings,
): { header: VmdkSparseHeader; descriptor: VmdkDescriptor } {
  const header = parseVmdkHeader(window, 0);
  judgeVmdkHeader(header, 'header', findings);
  judgeVmdkDescriptorPlace(header, findings);
  if (header.directoryAtEnd) {
    judgeFooter(window, header, findings);
  }
  const length = Math.min(Math.max(header.descriptorSize, 0), VMDK_DESCRIPTOR_MAX);
  findings.when(
    !window.has(0, HEADER_LENGTH + length),
    'truncated',
    `the file ends at ${window.size}, inside header or descriptor`,
  );
  const available = Math.max(0, Math.min(length, window.size - HEADER_LENGTH));
  const descriptor = parseVmdkDescriptor(window.bytes(HEADER_LENGTH, available));
  judgeVmdkDescriptor(descriptor, findings);
  judgeEmbeddedExtents(descriptor.extents, findings);
  judgeHiddenParent(window, descriptor, findings);
  return { header, descriptor };
}

function judgeFooter(window: ByteWindow, header: VmdkSparseHeader, findings: Findings): void {
  const at = vmdkFooterOffset(window.size);
  if (at < HEADER_LENGTH || !isVmdkSparse(window, at)) {
    findings.add('truncated', 'the VMDK header refers to a footer at the end, which is not there');
    return;
  }
  const footer = parseVmdkHeader(window, at);
  judgeVmdkHeader(footer, 'footer', findings);
  findings.when(
    footer.capacity !== header.capacity || footer.grainSize !== header.grainSize,
    'ambiguous-header',
    `VMDK header and footer disagree: capacity ${header.capacity} and ${footer.capacity} bytes`,
  );
}

function judgeHiddenParent(window: ByteWindow, descriptor: VmdkDescriptor, findings: Findings): void {
  const searched = window.latin1(0, HEADER_LENGTH + PARENT_SEARCH);
  findings.when(
    descriptor.parentHints.length === 0 && vmdkParentHints(searched).length > 0,
    'backing-file',
    'parentFileNameHint outside the descriptor, where QEMU finds it',
  );
}
