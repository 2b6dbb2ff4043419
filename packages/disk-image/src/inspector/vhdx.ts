import type { ByteWindow, Region } from './byte-window.js';
import type { FormatProbe, ProbeResult } from './format-probe.js';
import { Findings } from './image-finding.js';
import {
  currentVhdxHeader,
  readRegionTable,
  VHDX_HEADER_LENGTH,
  VHDX_HEADERS,
  VHDX_ITEMS_LENGTH,
  VHDX_ITEMS_OFFSET_MIN,
  VHDX_REGION_OFFSET_MIN,
  VHDX_REGION_TABLES,
  VHDX_TABLE_LENGTH,
} from './vhdx-layout.js';
import { judgeVhdxMetadata, type VhdxMetadata } from './vhdx-metadata.js';
import { judgeVhdxTable } from './vhdx-table.js';

/** What a VHDX says. */
export interface VhdxDetails extends VhdxMetadata {
  readonly kind: 'vhdx';
}

const SIGNATURE = 'vhdxfile';
const METADATA_REGION = '8b7ca206-4790-4b9a-b8fe-575f050f886e';
const BAT_REGION = '2dc27766-f623-4200-9d64-115e9bfd4a08';

/** VHDX version 1, [MS-VHDX]. */
export const vhdxProbe: FormatProbe<VhdxDetails> = {
  regions(window) {
    return isVhdx(window) ? [...fixedRegions(), ...metadataRegions(window)] : [];
  },

  inspect(window): ProbeResult<VhdxDetails> | undefined {
    if (!isVhdx(window)) {
      return undefined;
    }
    const findings = new Findings();
    judgeHeader(window, findings);
    judgeRegionTables(window, findings);
    const metadata = judgeVhdxMetadata(window, metadataOffset(window), findings);
    return {
      format: 'vhdx',
      ownsStart: true,
      virtualSize: metadata.virtualSize,
      details: { kind: 'vhdx', ...metadata },
      findings: findings.list,
    };
  },
};

function isVhdx(window: ByteWindow): boolean {
  return window.latin1(0, SIGNATURE.length) === SIGNATURE;
}

function fixedRegions(): Region[] {
  return [
    ...VHDX_HEADERS.map((offset) => ({ offset, length: VHDX_HEADER_LENGTH })),
    ...VHDX_REGION_TABLES.map((offset) => ({ offset, length: VHDX_TABLE_LENGTH })),
  ];
}

function metadataRegions(window: ByteWindow): Region[] {
  const offset = metadataOffset(window);
  return offset === undefined
    ? []
    : [
        { offset, length: VHDX_TABLE_LENGTH },
        { offset: offset + VHDX_ITEMS_OFFSET_MIN, length: VHDX_ITEMS_LENGTH },
      ];
}

/** Where the first region table says the metadata is; QEMU reads only that table. */
function metadataOffset(window: ByteWindow): number | undefined {
  const table = readRegionTable(window, VHDX_REGION_TABLES[0]);
  const entry = table.entries.find((candidate) => candidate.guid === METADATA_REGION);
  return entry !== undefined && entry.offset >= VHDX_REGION_OFFSET_MIN ? entry.offset : undefined;
}

function judgeHeader(window: ByteWindow, findings: Findings): void {
  const header = currentVhdxHeader(window);
  findings.when(header === undefined, 'corrupt', 'neither of the two VHDX headers is valid');
  findings.when(
    header?.hasLog === true,
    'pending-log',
    'the VHDX log is not empty: opening the image may change its metadata',
  );
}

function judgeRegionTables(window: ByteWindow, findings: Findings): void {
  const [first, second] = VHDX_REGION_TABLES.map((at) => readRegionTable(window, at));
  if (first === undefined || second === undefined) {
    return;
  }
  judgeVhdxTable(first, 'region table', [METADATA_REGION, BAT_REGION], findings);
  findings.when(
    JSON.stringify(first) !== JSON.stringify(second),
    'ambiguous-header',
    'the two copies of the VHDX region table differ',
  );
  for (const { guid, offset, length } of first.entries) {
    findings.bounds(
      offset >= VHDX_REGION_OFFSET_MIN && offset + length <= Math.max(window.size, 1),
      `region ${guid}`,
      `${length} bytes at ${offset}`,
      `behind the first MiB, within the file of ${window.size} bytes`,
    );
  }
}
