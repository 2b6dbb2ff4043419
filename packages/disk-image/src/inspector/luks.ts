import type { FormatProbe, ProbeResult } from './format-probe.js';
import { Findings } from './image-finding.js';

/** What a LUKS header says. */
export interface LuksDetails {
  readonly kind: 'luks';
  readonly version: number;
  /** Offset of the encrypted payload in bytes; `undefined` in version 2, where JSON says it. */
  readonly payloadOffset: number | undefined;
}

const MAGIC = 'LUKS\xba\xbe';
const V1_LENGTH = 592;

/**
 * LUKS 1 and 2. The size of the payload is known for version 1 only; for
 * version 2 the virtual size is that of the file, which it can not exceed.
 */
export const luksProbe: FormatProbe<LuksDetails> = {
  regions: () => [],

  inspect(window): ProbeResult<LuksDetails> | undefined {
    if (window.latin1(0, MAGIC.length) !== MAGIC) {
      return undefined;
    }
    const findings = new Findings();
    const version = window.u16be(6);
    const payloadOffset = version === 1 ? window.u32be(104) * 512 : undefined;
    findings.when(
      version !== 1 && version !== 2,
      'unknown-version',
      `LUKS version ${version}; known are 1 and 2`,
    );
    findings.when(
      !window.has(0, V1_LENGTH) || (payloadOffset ?? 0) > window.size,
      'truncated',
      `the file ends at ${window.size}, before the payload`,
    );
    return {
      format: 'luks',
      ownsStart: true,
      virtualSize: Math.max(0, window.size - (payloadOffset ?? 0)),
      details: { kind: 'luks', version, payloadOffset },
      findings: findings.list,
    };
  },
};
