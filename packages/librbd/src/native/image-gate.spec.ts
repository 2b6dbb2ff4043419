import { throughGate } from './image-gate.js';

const never = { onLost: (): void => undefined };

/** Who is in, in the order they came and went. */
function visits(): {
  readonly log: string[];
  visit: (name: string, kind: 'change' | 'alone') => Promise<void>;
} {
  const log: string[] = [];
  const visit = async (name: string, kind: 'change' | 'alone'): Promise<void> =>
    throughGate(
      'image rbd/a',
      kind,
      async () => {
        log.push(`${name} in`);
        await new Promise((resolve) => setTimeout(resolve, 10));
        log.push(`${name} out`);
      },
      never,
    );
  return { log, visit };
}

test('an image is changed by many, and closed by one at a time while nobody changes it', async () => {
  const { log, visit } = visits();
  await Promise.all([
    ...[
      visit('a', 'change'),
      visit('b', 'change'),
      visit('c', 'alone'),
      visit('d', 'alone'),
      visit('e', 'change'),
    ],
    throughGate('image rbd/other', 'alone', async () => Promise.resolve(log.push('another')), never),
  ]);
  expect(log).toEqual([
    ...['a in', 'b in', 'another', 'a out', 'b out', 'c in', 'c out', 'd in', 'd out', 'e in', 'e out'],
  ]);
});

test('a change that fails lets the others go on', async () => {
  const { log, visit } = visits();
  const failing = throughGate('image rbd/a', 'change', () => Promise.reject(new Error('failed')), never);
  await Promise.all([expect(failing).rejects.toThrow('failed'), visit('a', 'alone')]);
  expect(log).toEqual(['a in', 'a out']);
});

test.each(['change', 'alone'] as const)('a %s that is lost stands in nobody’s way any more', async (kind) => {
  const { log, visit } = visits();
  let lose = (): void => undefined;
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const lost = throughGate('image rbd/a', kind, () => ended, { onLost: (listener) => (lose = listener) });
  const closing = visit('a', 'alone');
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(log).toEqual([]);
  lose();
  await closing;
  await Promise.all([visit('b', 'change'), visit('c', 'alone')]);
  end();
  await lost;
  await Promise.all([visit('d', 'change'), visit('e', 'alone')]);
  const names = ['a', 'b', 'c', 'd', 'e'];
  expect(log).toEqual(names.flatMap((name) => [`${name} in`, `${name} out`]));
});
