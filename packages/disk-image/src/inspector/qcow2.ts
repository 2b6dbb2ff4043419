import type { ByteWindow, Region } from './byte-window.js';
import type { FormatProbe, ProbeResult } from './format-probe.js';
import type { ImageFinding } from './image-finding.js';
import { QCOW2_EXTENSION_AREA_MAX } from './qcow2-extensions.js';
import { isQcow2, parseQcow2Header, qcow2BackingNameInBounds, type Qcow2Header } from './qcow2-header.js';
import { judgeQcow2 } from './qcow2-judge.js';

/** Length of the version 2 header, the shorter one. */
const HEADER_MIN = 72;

/** qcow2, versions 2 and 3. An older qcow has the same signature and is reported as an unknown version. */
export const qcow2Probe: FormatProbe<Qcow2Header> = {
  regions(window) {
    return isQcow2(window) ? qcow2Regions(window) : [];
  },

  inspect(window): ProbeResult<Qcow2Header> | undefined {
    if (!isQcow2(window)) {
      return undefined;
    }
    const { header, findings } = inspectQcow2(window);
    return {
      format: 'qcow2',
      ownsStart: true,
      virtualSize: header.virtualSize,
      details: header,
      findings,
    };
  },
};

/** Parses and judges the header of an image that has the signature. */
export function inspectQcow2(window: ByteWindow): {
  header: Qcow2Header;
  findings: ImageFinding[];
} {
  const header = parseQcow2Header(window);
  const findings = judgeQcow2(header, window.size);
  const length = Math.max(HEADER_MIN, Math.min(header.headerLength, HEADER_MIN + 32));
  if (!window.has(0, length)) {
    findings.push({ code: 'truncated', detail: `the file ends inside the header: ${window.size} bytes` });
  }
  return { header, findings };
}

function qcow2Regions(window: ByteWindow): Region[] {
  const header = parseQcow2Header(window);
  const regions: Region[] = [];
  // Bytes not captured read as zero, which would end the walk: look again with
  // all of the area once it reaches beyond what is here.
  if (window.missing({ offset: 0, length: header.extensionWalk.scanned }) !== undefined) {
    regions.push({ offset: 0, length: Math.min(header.clusterSize, QCOW2_EXTENSION_AREA_MAX) });
  }
  if (qcow2BackingNameInBounds(header)) {
    regions.push({ offset: header.backingFileOffset, length: header.backingFileLength });
  }
  return regions;
}
