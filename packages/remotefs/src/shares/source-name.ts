/**
 * A mount's source in the one spelling that all of its spellings share: clients drop a slash at the end, double
 * slashes, or (GlusterFS) the slash before the volume's name.
 */
export function normalSource(source: string): string {
  const parts = /^(\[[^\]]*\]|[^:/]*):(.*)$/s.exec(source);
  if (parts === null) return trimPath(source);
  const [, host = '', path = ''] = parts;
  return `${host.toLowerCase()}:${trimPath(path.startsWith('/') ? path : `/${path}`)}`;
}

function trimPath(path: string): string {
  const trimmed = path.replace(/\/{2,}/g, '/');
  return trimmed.length > 1 && trimmed.endsWith('/') ? trimmed.slice(0, -1) : trimmed;
}
