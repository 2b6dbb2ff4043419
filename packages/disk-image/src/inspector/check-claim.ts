import { quoted, type ImageFinding } from './image-finding.js';
import type { ClaimedFormat, ContentLayout } from './image-format.js';
import type { ImageReport } from './image-report.js';

const CONTENT: readonly ContentLayout[] = ['iso', 'udf', 'gpt', 'mbr'];

/**
 * The inspector's part of the agreement on an image's format: claimed raw
 * means that no known container is found, claimed X that X alone is found. A
 * claim of a payload layout (`iso`) means raw with that content. Empty when claim
 * and report agree; what is unsafe inside stays in `report.findings`.
 */
export function checkClaim(report: ImageReport, claimed: ClaimedFormat): ImageFinding[] {
  const content = CONTENT.find((layout) => layout === claimed);
  const expected = content === undefined ? claimed : 'raw';
  const found = report.formats.join(' and ');
  if (report.formats.length !== 1 || report.formats[0] !== expected) {
    return [{ code: 'claim-mismatch', detail: `claimed to be ${quoted(claimed)}, found ${found}` }];
  }
  if (content !== undefined && !report.content.includes(content)) {
    const payload = report.content.length === 0 ? 'unknown content' : report.content.join(', ');
    return [
      { code: 'claim-mismatch', detail: `claimed to be ${quoted(claimed)}, found raw with ${payload}` },
    ];
  }
  return [];
}
