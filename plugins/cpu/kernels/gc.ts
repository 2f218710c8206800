/**
 * Kernel `gc`: trees of small objects, most of which die young while some live long enough to be moved, each of which must
 * be whole when it is dropped. Listed in `index.ts`.
 */
import type { KernelKind } from './kernel.js';

interface Node {
  readonly value: number;
  readonly left: Node | null;
  readonly right: Node | null;
}

const DEPTH = 8;
/** Trees that live: some 5 MiB. */
const SURVIVORS = 256;

export const gc: KernelKind = {
  help: 'Trees of objects that die young or live for a while: allocation, and both collectors of garbage.',
  open({ random }) {
    const alive: { tree: Node; root: number }[] = [];
    return {
      operate() {
        const root = Math.floor(random() * 2 ** 20);
        const tree = grow(root, DEPTH);
        // One in two dies at once; the other takes the place of one that has lived, and is looked at before it goes.
        if (random() < 0.5) return sum(tree) === wanted(root);
        const place = Math.floor(random() * SURVIVORS);
        const old = alive[place] ?? { tree, root };
        alive[place] = { tree, root };
        return sum(old.tree) === wanted(old.root);
      },
    };
  },
};

/** Every node says its place: the root is 1, and those below n are 2n and 2n + 1; the value is root + place. */
function grow(root: number, depth: number, place = 1): Node {
  const isLeaf = depth === 0;
  return {
    value: root + place,
    left: isLeaf ? null : grow(root, depth - 1, 2 * place),
    right: isLeaf ? null : grow(root, depth - 1, 2 * place + 1),
  };
}

function sum(node: Node | null): number {
  return node === null ? 0 : node.value + sum(node.left) + sum(node.right);
}

function wanted(root: number): number {
  const nodes = 2 ** (DEPTH + 1) - 1;
  return nodes * root + (nodes * (nodes + 1)) / 2;
}
