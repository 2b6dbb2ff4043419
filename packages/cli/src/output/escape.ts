// eslint-disable-next-line no-control-regex -- control characters are what it is about
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** JSON as a terminal may show it: the same data, as what could drive a terminal is within strings only. */
export function printableJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).split('\n').map(printable).join('\n');
}

/** Text from elsewhere as a terminal may show it: what could drive it, or turn its direction, is written out. */
export function printable(text: string): string {
  return text.replace(CONTROL, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
