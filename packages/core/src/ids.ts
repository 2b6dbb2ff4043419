const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * True for a canonical, lower-case UUID. Ids become parts of file, image and lock names, so nothing else is
 * let through: no path, no option, no second spelling of one id.
 */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}
