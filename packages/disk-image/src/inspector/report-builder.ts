import type { ByteWindow } from './byte-window.js';
import { contentLayouts } from './content-layout.js';
import type { FormatProbe, ProbeResult } from './format-probe.js';
import type { ImageDetails } from './image-details.js';
import type { ImageFinding } from './image-finding.js';
import type { ContentLayout, ImageFormat } from './image-format.js';
import type { ImageReport } from './image-report.js';
import { luksProbe } from './luks.js';
import { qcow2Probe } from './qcow2.js';
import { qedProbe } from './qed.js';
import { signatureOnlyProbe } from './signature-only.js';
import { vdiProbe } from './vdi.js';
import { vhdProbe } from './vhd.js';
import { vhdxProbe } from './vhdx.js';
import { vmdkProbe } from './vmdk.js';

/** Every container known, in the order of precedence: a signature at the start before one at the end. */
export const PROBES: readonly FormatProbe<ImageDetails>[] = [
  qcow2Probe,
  vmdkProbe,
  vhdxProbe,
  vdiProbe,
  luksProbe,
  qedProbe,
  vhdProbe,
  signatureOnlyProbe,
];

/** Judges what was captured of an image. */
export function buildReport(window: ByteWindow): ImageReport {
  const results = PROBES.map((probe) => probe.inspect(window)).filter((result) => result !== undefined);
  const content = contentLayouts(window);
  const main = results[0];
  const formats: ImageFormat[] = results.map((result) => result.format);
  return {
    format: main?.format ?? 'raw',
    formats: main === undefined ? ['raw'] : formats,
    content,
    virtualSize: main?.virtualSize ?? window.size,
    fileSize: window.size,
    details: main?.details,
    findings: [...results.flatMap((result) => result.findings), ...polyglot(results, content)],
  };
}

function polyglot(results: readonly ProbeResult[], content: readonly ContentLayout[]): ImageFinding[] {
  const formats = results.map((result) => result.format);
  const atStart = results.find((result) => result.ownsStart)?.format;
  const findings: ImageFinding[] = [];
  if (formats.length > 1) {
    findings.push({ code: 'polyglot', detail: `valid as ${formats.join(' and as ')}` });
  }
  if (atStart !== undefined && content.length > 0) {
    findings.push({
      code: 'polyglot',
      detail: `${atStart} at the start of the file, which also reads as ${content.join(', ')}`,
    });
  }
  return findings;
}
