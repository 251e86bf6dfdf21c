// A member that lies about heights: its blocks claim to be far above their parents, and who catches up from it gets
// blocks of other heights than asked for, with a gap, or with a Final that belongs to another one. Attacks catch-up,
// and nodes that would believe themselves far behind.

import { type Block, headerHash } from '../../../src/primitives/block.ts';
import type { CertifiedBlock } from '../../../src/primitives/wire.ts';
import type { Behaviour, BuildRequest, FaultyNode } from '../behaviour.ts';

const CLAIMED_LEAD = 1000;

/** What it makes of the honest answer. */
const LIES: readonly ((honest: readonly CertifiedBlock[], node: FaultyNode) => readonly CertifiedBlock[])[] = [
  function aGap(honest) {
    return honest.slice(1);
  },
  function backwards(honest) {
    return honest.toReversed();
  },
  function borrowedFinal(honest, node) {
    return honest.map((entry) => {
      const block = node.variant(entry.block, { transactionsRoot: headerHash(entry.block.header) });
      return block === undefined ? entry : { ...entry, block };
    });
  },
  function higher(honest) {
    return honest.map(({ block, certificate }) => ({ certificate, block: raised(block) }));
  },
];

export const heightLiar: Behaviour = {
  name: 'height-liar',
  build(request: BuildRequest, node: FaultyNode): Block | undefined {
    const block = node.build(request);
    return block && raised(block);
  },
  serveChain(from: number, node: FaultyNode): readonly CertifiedBlock[] {
    return node.random.pick(LIES)(node.chain(from), node);
  },
};

function raised({ header, body }: Block): Block {
  return { header: { ...header, height: header.height + CLAIMED_LEAD }, body };
}
