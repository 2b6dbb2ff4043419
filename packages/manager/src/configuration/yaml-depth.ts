import type { CST } from 'yaml';
import { Parser } from 'yaml';

/** Far more than a configuration has, and far less than what the parser's recursion can take. */
const DEEPEST = 50;

/** Whether tables and lists stand in one another so deep that the parser would have to fail, and the process with it. */
export function isTooDeep(text: string): boolean {
  const pending = [...new Parser().parse(text)].map((token) => ({ token, depth: 0 }));
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { token, depth } = next;
    if (depth > DEEPEST) return true;
    for (const inner of within(token)) pending.push({ token: inner, depth: depth + 1 });
  }
  return false;
}

function within(token: CST.Token): CST.Token[] {
  if (token.type === 'document') return token.value === undefined ? [] : [token.value];
  if (!('items' in token)) return [];
  return token.items.flatMap(({ key, value }) => [key ?? [], value ?? []].flat());
}
