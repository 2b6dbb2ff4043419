import { Findings, quoted, type ImageFinding } from './image-finding.js';
import {
  QCOW2_BACKING_NAME_MAX,
  QCOW2_CLUSTER_BITS_MAX,
  QCOW2_CLUSTER_BITS_MIN,
  QCOW2_COMPRESSION,
  QCOW2_DATA_FILE,
  QCOW2_EXTENDED_L2,
  qcow2BackingNameInBounds,
  type Qcow2Header,
} from './qcow2-header.js';
import { judgeReference } from './reference-name.js';

const MIB = 1024 * 1024;

// The limits QEMU itself holds tables to (block/qcow2.h); beyond them memory
// and time for opening an image are the image's author's to choose.
const L1_BYTES_MAX = 32 * MIB;
const REFCOUNT_TABLE_BYTES_MAX = 8 * MIB;
const SNAPSHOTS_MAX = 65536;
const SNAPSHOT_ENTRY_MIN = 40;

/** Everything unsafe about a qcow2 header, for a file of `fileSize` bytes. */
export function judgeQcow2(header: Qcow2Header, fileSize: number): ImageFinding[] {
  const findings = new Findings();
  if (header.version !== 2 && header.version !== 3) {
    // Nothing behind the version can be trusted to mean what it meant before.
    findings.add('unknown-version', `qcow2 version ${header.version}; known are 2 and 3`);
    return findings.list;
  }
  judgeFeatures(header, findings);
  judgeLayout(header, findings);
  judgeReferences(header, findings);
  if (header.clusterSize > 0) {
    judgeTables(header, fileSize, findings);
  }
  return findings.list;
}

function judgeFeatures(header: Qcow2Header, findings: Findings): void {
  const unknown = header.incompatibleBits.filter((bit) => bit > QCOW2_EXTENDED_L2);
  findings.when(
    unknown.length > 0,
    'unknown-features',
    `incompatible feature bits ${unknown.join(', ')} are not known`,
  );
  findings.when(header.corrupt, 'corrupt', 'the corrupt bit is set (incompatible feature bit 1)');
  findings.when(
    header.cryptMethod !== 0,
    'encrypted',
    `encryption method ${header.cryptMethod} (1 AES, 2 LUKS)`,
  );
  const compressed = header.incompatibleBits.includes(QCOW2_COMPRESSION);
  findings.when(
    compressed ? header.compressionType !== 1 : header.compressionType !== 0,
    'unknown-features',
    `compression type ${header.compressionType} with its feature bit ${compressed ? 'set' : 'not set'}`,
  );
}

function judgeLayout(header: Qcow2Header, findings: Findings): void {
  const { clusterBits, headerLength, clusterSize, refcountOrder } = header;
  const least = header.extendedL2 ? 14 : QCOW2_CLUSTER_BITS_MIN;
  findings.bounds(
    clusterBits >= least && clusterBits <= QCOW2_CLUSTER_BITS_MAX,
    'cluster_bits',
    clusterBits,
    `${least} to ${QCOW2_CLUSTER_BITS_MAX}`,
  );
  if (header.version === 3) {
    findings.bounds(
      headerLength >= 104 && headerLength % 8 === 0 && headerLength <= Math.max(clusterSize, 512),
      'header_length',
      headerLength,
      'a multiple of 8, at least 104, within the first cluster',
    );
    findings.bounds(refcountOrder <= 6, 'refcount_order', refcountOrder, 'at most 6');
  }
  findings.bounds(
    header.virtualSize < Number.MAX_SAFE_INTEGER,
    'size',
    `${header.virtualSize} or more`,
    'less than 2^53 bytes',
  );
  findings.when(
    !header.extensionWalk.complete,
    'field-out-of-bounds',
    'the header extensions do not end within the first cluster and 64 KiB',
  );
  const types = header.extensionWalk.extensions.map((extension) => extension.type);
  const twice = types.find((type, index) => types.indexOf(type) !== index);
  if (twice !== undefined) {
    findings.add('ambiguous-header', `header extension 0x${twice.toString(16)} appears twice`);
  }
}

function judgeReferences(header: Qcow2Header, findings: Findings): void {
  if (header.backingFileOffset !== 0) {
    const name = header.backingFile;
    findings.add('backing-file', `backing file ${quoted(name ?? '(name out of bounds)')}`);
    findings.bounds(
      qcow2BackingNameInBounds(header),
      'backing file name',
      `${header.backingFileLength} bytes at offset ${header.backingFileOffset}`,
      `1 to ${QCOW2_BACKING_NAME_MAX} bytes behind the header, within the first cluster`,
    );
    if (name !== undefined) {
      judgeReference(name, 'backing file', findings);
    }
  }
  const external = header.incompatibleBits.includes(QCOW2_DATA_FILE);
  if (external || header.dataFile !== undefined) {
    const name = header.dataFile === undefined ? 'not named' : quoted(header.dataFile);
    findings.add(
      'data-file',
      `external data file ${name}, incompatible feature bit 2 ${external ? 'set' : 'not set'}`,
    );
  }
}

function judgeTables(header: Qcow2Header, fileSize: number, findings: Findings): void {
  const { clusterSize, l1Entries } = header;
  const l2Entries = clusterSize / (header.extendedL2 ? 16 : 8);
  const needed = Math.ceil(header.virtualSize / (clusterSize * l2Entries));
  findings.bounds(l1Entries >= needed, 'l1_size', l1Entries, `at least ${needed} for this size`);
  // An L1 table may be larger than the disk needs (room to grow, VM state of
  // internal snapshots), so only the absolute limit holds upwards.
  judgeTable('L1 table', header.l1Offset, l1Entries * 8, L1_BYTES_MAX);
  judgeTable(
    'refcount table',
    header.refcountTableOffset,
    header.refcountTableClusters * clusterSize,
    REFCOUNT_TABLE_BYTES_MAX,
  );
  findings.bounds(
    header.refcountTableClusters > 0,
    'refcount_table_clusters',
    header.refcountTableClusters,
    'at least 1',
  );
  judgeTable(
    'snapshot table',
    header.snapshotTableOffset,
    header.snapshotCount * SNAPSHOT_ENTRY_MIN,
    SNAPSHOTS_MAX * SNAPSHOT_ENTRY_MIN,
  );

  function judgeTable(name: string, offset: number, bytes: number, most: number): void {
    if (bytes === 0) {
      return;
    }
    findings.bounds(bytes <= most, `size of the ${name}`, bytes, `at most ${most} bytes`);
    findings.bounds(
      offset % clusterSize === 0 && offset > 0,
      `offset of the ${name}`,
      offset,
      'a multiple of the cluster size behind the header',
    );
    findings.when(
      offset + bytes > fileSize,
      'truncated',
      `the ${name} ends at ${offset + bytes}, the file at ${fileSize}`,
    );
  }
}
