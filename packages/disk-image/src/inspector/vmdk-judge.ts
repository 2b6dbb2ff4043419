import { quoted, type Findings } from './image-finding.js';
import { referenceKind } from './reference-name.js';
import type { VmdkDescriptor, VmdkExtent } from './vmdk-descriptor.js';

/** Variants that keep a whole disk in one file. */
export const VMDK_SINGLE_FILE_TYPES: readonly string[] = ['monolithicSparse', 'streamOptimized'];

const REPORTED_MAX = 8;

/** What is unsafe in any descriptor, embedded or not. */
export function judgeVmdkDescriptor(descriptor: VmdkDescriptor, findings: Findings): void {
  const { createTypes, parentHints, parentCid, oddities } = descriptor;
  const createType = createTypes[0];
  findings.when(
    createTypes.length > 1,
    'ambiguous-header',
    `createType is given as ${createTypes.map(quoted).join(' and as ')}`,
  );
  findings.when(
    createType === undefined || !VMDK_SINGLE_FILE_TYPES.includes(createType),
    'unsupported-subformat',
    `createType ${quoted(createType ?? '(none)')}; accepted are ${VMDK_SINGLE_FILE_TYPES.join(', ')}`,
  );
  for (const hint of parentHints.slice(0, REPORTED_MAX)) {
    findings.add('backing-file', `parentFileNameHint ${quoted(hint)}`);
  }
  findings.when(parentCid !== undefined, 'backing-file', `parentCID ${parentCid ?? ''}`);
  for (const oddity of oddities) {
    findings.add('malformed-descriptor', `unexpected in the descriptor: ${quoted(oddity)}`);
  }
}

/** The one extent of a single-file image describes the file itself. */
export function judgeEmbeddedExtents(extents: readonly VmdkExtent[], findings: Findings): void {
  findings.when(
    extents.length !== 1,
    'malformed-descriptor',
    `${extents.length} extents in a single-file image; expected 1`,
  );
  for (const extent of extents.slice(0, REPORTED_MAX)) {
    const name = extent.fileName ?? '';
    findings.when(
      extent.type !== 'SPARSE' || referenceKind(name) !== 'plain',
      'external-extent',
      `extent of type ${extent.type} in ${quoted(name)}; expected SPARSE and a plain file name`,
    );
  }
}

/** Each extent of a descriptor that stands alone is another file. */
export function judgeExternalExtents(extents: readonly VmdkExtent[], findings: Findings): void {
  for (const extent of extents.slice(0, REPORTED_MAX)) {
    findings.add(
      'external-extent',
      `extent of type ${extent.type} in ${quoted(extent.fileName ?? '(no name)')}`,
    );
  }
}
