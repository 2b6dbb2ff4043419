/** Set to `all`: nothing is left out. */
const WHICH = 'SCORIA_TESTS';

/**
 * Some of the cases of a suite, others each time: all of them take longer than a check may. `SCORIA_TESTS=all npm test`
 * takes all. At least one is taken, and the order is kept; what fails is named by its test.
 * @param part how many of them, as a part of the whole
 */
export function someOf<T>(cases: readonly T[], part: number): T[] {
  if (process.env[WHICH] === 'all') return [...cases];
  const count = Math.max(1, Math.round(cases.length * part));
  const chosen = new Set(
    cases
      .map((_case, index) => ({ index, chance: Math.random() }))
      .sort((one, other) => one.chance - other.chance)
      .slice(0, count)
      .map(({ index }) => index),
  );
  return cases.filter((_case, index) => chosen.has(index));
}
