import type { ChainNode } from '@scoria/manager';
import { printable } from './escape.js';
import { toGib } from './sizes.js';

/** A volume's layers as a tree, the oldest at the root, with what is in the way of deleting each. */
export function drawChain(nodes: readonly ChainNode[]): string {
  const known = new Set(nodes.map(({ id }) => id));
  const childrenOf = (parent: string | undefined): ChainNode[] =>
    nodes.filter(
      ({ parentId }) => (parentId !== undefined && known.has(parentId) ? parentId : undefined) === parent,
    );
  const draw = (node: ChainNode, lead: string, own: string): string[] => {
    const children = childrenOf(node.id);
    const below = children.flatMap((child, index) => {
      const isLast = index === children.length - 1;
      return draw(child, `${lead}${isLast ? '   ' : '│  '}`, `${lead}${isLast ? '└─ ' : '├─ '}`);
    });
    return [`${own}${describe(node)}`, ...below];
  };
  return childrenOf(undefined)
    .flatMap((root) => draw(root, '', ''))
    .join('\n');
}

function describe({ kind, name, id, status, sizeBytes, flattening, blockedBy }: ChainNode): string {
  const becoming = flattening === undefined ? '' : `  (${becomingIndependent(flattening)})`;
  const blocked = blockedBy.length === 0 ? '' : `  (delete is blocked by ${blockedBy.join(', ')})`;
  const label = name === '' ? id : `${name} ${id}`;
  return printable(`${kind} ${label}  ${status}  ${String(toGib(sizeBytes))} GiB${becoming}${blocked}`);
}

function becomingIndependent(flattening: NonNullable<ChainNode['flattening']>): string {
  return flattening.state === 'waiting'
    ? 'waits to become independent of what is above'
    : `becomes independent of what is above: ${String(flattening.percent)} %`;
}
