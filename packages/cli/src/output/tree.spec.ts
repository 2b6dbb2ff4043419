import type { ChainNode } from '@scoria/manager';
import { drawChain } from './tree.js';

function node(id: string, parentId?: string, blockedBy: string[] = []): ChainNode {
  const kind = id.startsWith('v') ? 'volume' : 'snapshot';
  const base = {
    id,
    kind,
    name: `name-${id}`,
    status: 'available',
    sizeBytes: 1024 ** 3,
    blockedBy,
  } as const;
  return parentId === undefined ? base : { ...base, parentId };
}

describe('a drawn chain', () => {
  it.each([
    ['nothing', [], ['']],
    ['one layer', [node('v1')], ['volume name-v1 v1  available  1 GiB']],
    [
      'a line of layers',
      [node('s1'), node('s2', 's1'), node('v1', 's2', ['snapshot x'])],
      [
        'snapshot name-s1 s1  available  1 GiB',
        '└─ snapshot name-s2 s2  available  1 GiB',
        '   └─ volume name-v1 v1  available  1 GiB  (delete is blocked by snapshot x)',
      ],
    ],
    [
      'a tree',
      [node('s1'), node('v1', 's1'), node('s2', 'v1'), node('v2', 's1')],
      [
        'snapshot name-s1 s1  available  1 GiB',
        '├─ volume name-v1 v1  available  1 GiB',
        '│  └─ snapshot name-s2 s2  available  1 GiB',
        '└─ volume name-v2 v2  available  1 GiB',
      ],
    ],
    ['a parent that is not there', [node('v1', 'gone')], ['volume name-v1 v1  available  1 GiB']],
  ])('of %s', (_what, nodes, lines) => {
    expect(drawChain(nodes).split('\n')).toEqual(lines);
  });

  it.each([
    [
      { state: 'waiting' },
      'volume name-v1 v1  available  1 GiB  (waits to become independent of what is above)',
    ],
    [
      { state: 'running', percent: 40 },
      'volume name-v1 v1  available  1 GiB  (becomes independent of what is above: 40 %)',
    ],
  ] as const)('says how far a volume is with becoming independent: %j', (flattening, line) => {
    expect(drawChain([{ ...node('v1'), flattening }])).toBe(line);
  });

  it('cannot be drawn otherwise by a name', () => {
    expect(drawChain([{ ...node('v1'), name: 'a\n└─ b' }])).toContain('a\\u000a└─ b');
  });
});
