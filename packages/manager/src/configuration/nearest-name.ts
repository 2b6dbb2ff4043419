import { distance } from 'fastest-levenshtein';

/** The name that was perhaps meant: one that differs in few letters; `undefined` where none is near. */
export function nearestName(written: string, names: readonly string[]): string | undefined {
  const ranked = names
    .map((name) => ({ name, letters: distance(written.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.letters - b.letters);
  const [best] = ranked;
  const isNear = best !== undefined && best.letters <= Math.max(1, Math.floor(written.length / 3));
  return isNear ? best.name : undefined;
}
