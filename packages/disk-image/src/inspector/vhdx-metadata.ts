import type { ByteWindow } from './byte-window.js';
import type { Findings } from './image-finding.js';
import { readMetadataTable, VHDX_ITEMS_OFFSET_MIN, type VhdxTable } from './vhdx-layout.js';
import { judgeVhdxTable } from './vhdx-table.js';

/** The metadata items of a VHDX. Sizes in bytes; 0 for an item that is missing. */
export interface VhdxMetadata {
  readonly virtualSize: number;
  readonly blockSize: number;
  readonly logicalSectorSize: number;
  readonly hasParent: boolean;
}

const FILE_PARAMETERS = 'caa16737-fa36-4d43-b3b6-33f0aa44e76b';
const VIRTUAL_DISK_SIZE = '2fa54224-cd1b-4876-b211-5dbed83bf4b8';
const LOGICAL_SECTOR_SIZE = '8141bf1d-a96f-4709-ba47-f233a8faab5f';
const PHYSICAL_SECTOR_SIZE = 'cda348c7-445d-4471-9cc9-e9885251c556';
const PAGE_83_DATA = 'beca12ab-b2e6-4523-93ef-c309e000c746';
const PARENT_LOCATOR = 'a8d35f2d-b30b-454d-abf7-d3d84834ab0c';
const KNOWN = [
  FILE_PARAMETERS,
  VIRTUAL_DISK_SIZE,
  LOGICAL_SECTOR_SIZE,
  PHYSICAL_SECTOR_SIZE,
  PAGE_83_DATA,
  PARENT_LOCATOR,
];

const MIB = 1024 * 1024;
const SIZE_MAX = 64 * MIB * MIB;
const EMPTY = { virtualSize: 0, blockSize: 0, logicalSectorSize: 0, hasParent: false };

/** Reads and judges the metadata region at `at`. */
export function judgeVhdxMetadata(
  window: ByteWindow,
  at: number | undefined,
  findings: Findings,
): VhdxMetadata {
  if (at === undefined) {
    findings.add('corrupt', 'the VHDX region table names no metadata region behind the first MiB');
    return EMPTY;
  }
  const table = readMetadataTable(window, at);
  judgeVhdxTable(table, 'metadata table', KNOWN, findings);
  const metadata = readItems(window, at, table, findings);
  judgeItems(metadata, findings);
  findings.when(
    table.entries.some((entry) => entry.guid === PARENT_LOCATOR),
    'backing-file',
    'the VHDX has a parent locator',
  );
  return metadata;
}

function readItems(window: ByteWindow, at: number, table: VhdxTable, findings: Findings): VhdxMetadata {
  const place = (guid: string, length: number, name: string): number | undefined => {
    const entry = table.entries.find((candidate) => candidate.guid === guid);
    const ok =
      entry !== undefined &&
      entry.offset >= VHDX_ITEMS_OFFSET_MIN &&
      entry.length === length &&
      window.has(at + entry.offset, length);
    const found = entry === undefined ? 'missing' : `${entry.length} bytes at ${entry.offset}`;
    findings.bounds(ok, name, found, `${length} bytes, close behind the metadata table`);
    return ok ? at + entry.offset : undefined;
  };
  const parameters = place(FILE_PARAMETERS, 8, 'file parameters item');
  const size = place(VIRTUAL_DISK_SIZE, 8, 'virtual disk size item');
  const sector = place(LOGICAL_SECTOR_SIZE, 4, 'logical sector size item');
  return {
    virtualSize: size === undefined ? 0 : window.u64le(size),
    blockSize: parameters === undefined ? 0 : window.u32le(parameters),
    hasParent: parameters !== undefined && (window.u32le(parameters + 4) & 2) !== 0,
    logicalSectorSize: sector === undefined ? 0 : window.u32le(sector),
  };
}

function judgeItems(metadata: VhdxMetadata, findings: Findings): void {
  const { virtualSize, blockSize, logicalSectorSize, hasParent } = metadata;
  findings.when(hasParent, 'backing-file', 'the VHDX file parameters say that it has a parent');
  findings.bounds(virtualSize <= SIZE_MAX, 'virtual disk size', virtualSize, 'at most 64 TiB');
  findings.bounds(
    blockSize >= MIB && blockSize <= 256 * MIB && Number.isInteger(Math.log2(blockSize)),
    'block size',
    blockSize,
    'a power of two, 1 to 256 MiB',
  );
  findings.bounds(
    logicalSectorSize === 512 || logicalSectorSize === 4096,
    'logical sector size',
    logicalSectorSize,
    '512 or 4096',
  );
}
