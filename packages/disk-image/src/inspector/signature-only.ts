import type { ByteWindow } from './byte-window.js';
import type { FormatProbe, ProbeResult } from './format-probe.js';
import type { SignatureDetails } from './image-details.js';

interface Signature {
  readonly format: SignatureDetails['kind'];
  readonly text: string;
  /** The signature is that of a trailer in the last 512 bytes. */
  readonly trailer?: true;
}

/** Formats qemu opens and nobody offers here, with the signatures it knows them by. */
const SIGNATURES: readonly Signature[] = [
  { format: 'parallels', text: 'WithoutFreeSpace' },
  { format: 'parallels', text: 'WithouFreSpacExt' },
  { format: 'bochs', text: 'Bochs Virtual HD Image' },
  { format: 'cloop', text: '#!/bin/sh\n#V2.0 Format\n' },
  { format: 'dmg', text: 'koly', trailer: true },
];

/** Recognises formats that are never accepted; nothing but the signature is read. */
export const signatureOnlyProbe: FormatProbe<SignatureDetails> = {
  regions: () => [],

  inspect(window): ProbeResult<SignatureDetails> | undefined {
    const found = SIGNATURES.find((signature) => matches(window, signature));
    return (
      found && {
        format: found.format,
        ownsStart: found.trailer !== true,
        virtualSize: window.size,
        details: { kind: found.format },
        findings: [{ code: 'unsafe-format', detail: `${found.format} images are not accepted` }],
      }
    );
  },
};

function matches(window: ByteWindow, { text, trailer }: Signature): boolean {
  const offset = trailer === true ? window.size - 512 : 0;
  return offset >= 0 && window.latin1(offset, text.length) === text;
}
