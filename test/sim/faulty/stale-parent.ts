// A leader that builds below the newest notarized block: on its parent, with no Skip to justify leaving it out.
// Honest nodes must not vote for that.

import type { Output } from '../../../src/consensus/types.ts';
import { headerHash } from '../../../src/primitives/block.ts';
import { toHex } from '../../../src/primitives/bytes.ts';
import type { Behaviour, SimNode } from '../node.ts';

export const staleParent: Behaviour = {
  name: 'stale-parent',
  helps: true,
  replace(output: Output, node: SimNode): Output[] {
    if (output.type !== 'signProposal') return [output];
    const parent = node.find(toHex(output.own.block.header.parent));
    const certificate = parent?.body.justification.parentCertificate;
    if (parent === undefined || certificate === undefined || certificate === null) return [output];
    const { timestamp } = output.own.block.header;
    const block = node.world.makeBlock(node.id, parent.header.parent, parent.header.height, timestamp, certificate);
    const own = { ...output.own, parentSlot: certificate.slot, block };
    return [{ type: 'signProposal', data: { ...output.data, hash: headerHash(block.header) }, own }];
  },
};
