/** Where an image of an image service is in a Ceph cluster. */
export interface RbdLocation {
  readonly fsid: string;
  readonly pool: string;
  readonly image: string;
  readonly snapshot: string;
}

const SCHEME = 'rbd://';

/** `rbd://fsid/pool/image/snapshot`, each part quoted as in URLs; undefined for any other text. */
export function parseRbdLocation(location: string): RbdLocation | undefined {
  if (!location.startsWith(SCHEME)) return undefined;
  const parts = location.slice(SCHEME.length).split('/').map(unquoted);
  const [fsid = '', pool = '', image = '', snapshot = '', ...more] = parts;
  const isWhole = [fsid, pool, image, snapshot].every((part) => part !== '' && !part.includes('\0'));
  return isWhole && more.length === 0 ? { fsid, pool, image, snapshot } : undefined;
}

/** '' for what cannot be told. */
function unquoted(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}
