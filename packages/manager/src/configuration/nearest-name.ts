import { distance } from 'fastest-levenshtein';

/** Two names that differ in more are two names, however long they are. */
const MOST_LETTERS = 3;

/** The name that was perhaps meant: one that differs in few letters; `undefined` where none is near. */
export function nearestName(written: string, names: readonly string[]): string | undefined {
  const ranked = names
    .map((name) => ({ name, letters: distance(written.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.letters - b.letters);
  const [best] = ranked;
  // Two letters that have changed places count as two.
  const most = Math.min(MOST_LETTERS, Math.max(1, Math.floor(written.length / 2.5)));
  const isNear = best !== undefined && best.letters <= most;
  return isNear ? best.name : undefined;
}
