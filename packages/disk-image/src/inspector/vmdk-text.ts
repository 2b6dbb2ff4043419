import type { ByteWindow } from './byte-window.js';
import { looksLikeVmdkDescriptor } from './vmdk-descriptor.js';
import { VMDK_DESCRIPTOR_MAX } from './vmdk-header.js';

/** Descriptor text that stands alone in a file. */
export interface VmdkText {
  readonly bytes: Uint8Array;
  /** How the text avoids to be taken for a descriptor at first sight. */
  readonly disguise: string | undefined;
}

/**
 * Finds descriptor text at the start of a file: `# Disk DescriptorFile` or,
 * behind comments and blank lines, `version=` are what readers recognise it by.
 * A reader that is told the format takes any text with the right words in it,
 * so leading NULs and other first lines do not make it anything else.
 */
export function findVmdkText(window: ByteWindow): VmdkText | undefined {
  const all = window.bytes(0, Math.min(window.size, VMDK_DESCRIPTOR_MAX));
  const leading = firstNonZero(all);
  if (leading < 0) {
    return undefined;
  }
  const bytes = all.subarray(leading);
  const end = bytes.indexOf(0);
  const text = Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString('latin1');
  const usual = /^# disk descriptorfile/i.test(text) || startsWithVersion(text);
  if (!usual && !looksLikeVmdkDescriptor(text)) {
    return undefined;
  }
  if (leading > 0) {
    return { bytes, disguise: `${leading} NUL bytes before the text` };
  }
  return { bytes, disguise: usual ? undefined : 'a first line that is not a descriptor’s' };
}

/** A plain loop: most images start with kilobytes of zeroes, and a callback for each is slow. */
function firstNonZero(bytes: Uint8Array): number {
  for (let index = 0; index < bytes.length; index++) {
    if (bytes[index] !== 0) {
      return index;
    }
  }
  return -1;
}

/** Whether the first line that is no comment and not blank gives the version, as QEMU probes it. */
function startsWithVersion(text: string): boolean {
  for (const line of text.slice(0, 4096).split('\n')) {
    const trimmed = line.trim();
    if (trimmed !== '' && !trimmed.startsWith('#')) {
      return /^version\s*=/i.test(trimmed);
    }
  }
  return false;
}
