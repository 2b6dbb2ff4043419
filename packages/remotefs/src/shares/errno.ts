/** The system's name of what went wrong ('ENOENT'), or '' if that is not what was thrown. */
export function errnoOf(error: unknown): string {
  const code: unknown = typeof error === 'object' && error !== null && 'code' in error ? error.code : '';
  return typeof code === 'string' ? code : '';
}
