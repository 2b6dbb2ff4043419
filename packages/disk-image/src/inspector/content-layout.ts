import type { ByteWindow } from './byte-window.js';
import type { ContentLayout } from './image-format.js';

const MBR_ENTRIES = [446, 462, 478, 494] as const;
const PROTECTIVE = 0xee;
const VOLUME_DESCRIPTORS = 32 * 1024;
const DESCRIPTOR_LENGTH = 2048;
/** Volume descriptors that are looked at; UDF marks follow those of ISO 9660. */
const DESCRIPTORS_MAX = 16;
const UDF_MARKS = ['NSR02', 'NSR03'];

/** What the start of the bytes would be as a disk or disc: partition tables and file systems of discs. */
export function contentLayouts(window: ByteWindow): ContentLayout[] {
  const marks = discMarks(window);
  const gpt = [512, 4096].some((offset) => window.latin1(offset, 8) === 'EFI PART');
  const layouts: [ContentLayout, boolean][] = [
    ['iso', marks.includes('CD001')],
    ['udf', marks.some((mark) => UDF_MARKS.includes(mark))],
    ['gpt', gpt],
    ['mbr', isMbr(window, gpt)],
  ];
  return layouts.filter(([, present]) => present).map(([layout]) => layout);
}

function discMarks(window: ByteWindow): string[] {
  return Array.from({ length: DESCRIPTORS_MAX }, (_, index) =>
    window.latin1(VOLUME_DESCRIPTORS + index * DESCRIPTOR_LENGTH + 1, 5),
  );
}

/**
 * A partition table has the boot signature and entries that make sense: boot
 * code of a file system has the signature as well. The one protective entry
 * that goes with a GPT is no table of its own.
 */
function isMbr(window: ByteWindow, gpt: boolean): boolean {
  if (window.u16le(510) !== 0xaa55) {
    return false;
  }
  const statuses = MBR_ENTRIES.map((at) => window.u8(at));
  if (!statuses.every((status) => status === 0 || status === 0x80)) {
    return false;
  }
  const used = MBR_ENTRIES.filter(
    (at) => window.u8(at + 4) !== 0 && window.u32le(at + 8) > 0 && window.u32le(at + 12) > 0,
  );
  return gpt ? used.some((at) => window.u8(at + 4) !== PROTECTIVE) : used.length > 0;
}
