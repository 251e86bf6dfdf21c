// A leader that names the right parent slot and builds on another block than the one notarized there: on a sibling of
// it, made for the purpose and handed to whoever asks.

import type { Output } from '../../../src/consensus/types.ts';
import { headerHash } from '../../../src/primitives/block.ts';
import { toHex } from '../../../src/primitives/bytes.ts';
import type { Behaviour, SimNode } from '../node.ts';

export const falseParent: Behaviour = {
  name: 'false-parent',
  helps: true,
  replace(output: Output, node: SimNode): Output[] {
    if (output.type !== 'signProposal') return [output];
    const { header, body } = output.own.block;
    const parent = node.find(toHex(header.parent));
    if (parent === undefined || parent.header.height === 0) return [output];
    const { parentCertificate } = parent.body.justification;
    const { height, timestamp } = parent.header;
    const sibling = node.world.makeBlock(
      node.id,
      parent.header.parent,
      height,
      timestamp,
      parentCertificate ?? undefined,
    );
    node.serve(sibling);
    const certificate = body.justification.parentCertificate ?? undefined;
    const block = node.world.makeBlock(node.id, headerHash(sibling.header), height + 1, header.timestamp, certificate);
    const own = { ...output.own, block };
    return [{ type: 'signProposal', data: { ...output.data, hash: headerHash(block.header) }, own }];
  },
};
