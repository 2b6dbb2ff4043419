/** An extent line of a VMDK descriptor. */
export interface VmdkExtent {
  readonly access: string;
  readonly sectors: number;
  readonly type: string;
  readonly fileName: string | undefined;
}

/** What a VMDK descriptor says. */
export interface VmdkDescriptor {
  /** Different values of `createType`, in order; a sound descriptor has one. */
  readonly createTypes: readonly string[];
  readonly extents: readonly VmdkExtent[];
  /** Values of `parentFileNameHint`, wherever the word appears. */
  readonly parentHints: readonly string[];
  readonly parentCid: string | undefined;
  /** What a careful reader would not expect in a descriptor. */
  readonly oddities: readonly string[];
}

const LINES_MAX = 2000;
const EXTENT = /^(RW|RDONLY|NOACCESS)\s+(\d+)\s+(\w+)(?:\s+"([^"]*)")?/i;
const EXTENT_START = /^(RW|RDONLY|NOACCESS)\s/i;
const SETTING = /^[A-Za-z][\w.]*\s*=/;

/**
 * Parses descriptor text. QEMU searches some words anywhere, comments included,
 * and others by line; what any reader could find is reported, in any case of letters.
 */
export function parseVmdkDescriptor(bytes: Uint8Array): VmdkDescriptor {
  const end = bytes.indexOf(0);
  const content = end < 0 ? bytes : bytes.subarray(0, end);
  const text = Buffer.from(content).toString('utf8');
  const lines = text.split('\n').map((line) => line.trim());
  const oddities = lines.filter((line) => !isExpected(line)).slice(0, 3);
  if (end >= 0 && bytes.subarray(end).some((byte) => byte !== 0)) {
    oddities.push('data behind the NUL that ends the text');
  }
  if (text.includes('\u{fffd}')) {
    oddities.push('text that is not UTF-8');
  }
  if (lines.length > LINES_MAX) {
    oddities.push(`${lines.length} lines`);
  }
  const whole = Buffer.from(bytes).toString('latin1');
  return {
    createTypes: [...new Set(valuesOf(whole, /createType[\s=]*"?([^"\n]*)/gi))],
    extents: lines.slice(0, LINES_MAX).flatMap(parseExtent),
    parentHints: vmdkParentHints(whole),
    parentCid: valuesOf(whole, /parentCID\s*=\s*([0-9a-fx]*)/gi).find(
      (cid) => cid.toLowerCase() !== 'ffffffff',
    ),
    oddities,
  };
}

/** Values of `parentFileNameHint` anywhere in the text. */
export function vmdkParentHints(text: string): string[] {
  return valuesOf(text, /parentFileNameHint[\s=]*"?([^"\n]*)/gi);
}

/** Whether text that may stand anywhere in a file has the look of a descriptor. */
export function looksLikeVmdkDescriptor(text: string): boolean {
  const names = /createType/i.test(text);
  return names && (/^(RW|RDONLY|NOACCESS)\s+\d+\s+\w/im.test(text) || /parentFileNameHint/i.test(text));
}

function isExpected(line: string): boolean {
  return (
    line === '' ||
    line.startsWith('#') ||
    SETTING.test(line) ||
    (EXTENT_START.test(line) && EXTENT.test(line))
  );
}

function parseExtent(line: string): VmdkExtent[] {
  const [, access, sectors, type, fileName] = EXTENT.exec(line) ?? [];
  return access !== undefined && type !== undefined
    ? [{ access: access.toUpperCase(), sectors: Number(sectors), type: type.toUpperCase(), fileName }]
    : [];
}

function valuesOf(text: string, pattern: RegExp): string[] {
  return Array.from(text.matchAll(pattern), (match) => (match[1] ?? '').trim()).slice(0, 16);
}
