/** The system's short name of an error, `ENOENT`, for a message. */
export function systemCodeOf(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : String(error);
}
