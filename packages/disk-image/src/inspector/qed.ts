import type { FormatProbe, ProbeResult } from './format-probe.js';
import { Findings, quoted } from './image-finding.js';

/** What a QED header says. */
export interface QedDetails {
  readonly kind: 'qed';
  readonly backingFile: string | undefined;
}

const MAGIC = 'QED\0';
const HAS_BACKING_FILE = 1;
const NAME_MAX = 1023;
const NAME_OFFSET_MAX = 4096;

/** QED: abandoned in favour of qcow2, recognised only to be refused. */
export const qedProbe: FormatProbe<QedDetails> = {
  regions: () => [],

  inspect(window): ProbeResult<QedDetails> | undefined {
    if (window.latin1(0, MAGIC.length) !== MAGIC) {
      return undefined;
    }
    const findings = new Findings();
    findings.add('unsafe-format', 'QED images are not accepted');
    const offset = window.u32le(56);
    const length = window.u32le(60);
    const readable = offset <= NAME_OFFSET_MAX && length <= NAME_MAX;
    const hasBacking = (window.u8(16) & HAS_BACKING_FILE) !== 0;
    const backingFile = hasBacking && readable ? window.latin1(offset, length) : undefined;
    findings.when(
      hasBacking,
      'backing-file',
      `backing file ${quoted(backingFile ?? '(name out of bounds)')}`,
    );
    return {
      format: 'qed',
      ownsStart: true,
      virtualSize: window.u64le(48),
      details: { kind: 'qed', backingFile },
      findings: findings.list,
    };
  },
};
