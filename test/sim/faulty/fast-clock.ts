// A leader whose clock is ahead: now just as far as others accept, now much further.

import type { Output } from '../../../src/consensus/types.ts';
import { headerHash } from '../../../src/primitives/block.ts';
import type { Behaviour, SimNode } from '../node.ts';

const AHEAD = [900, 5000] as const;

export const fastClock: Behaviour = {
  name: 'fast-clock',
  helps: true,
  replace(output: Output, node: SimNode): Output[] {
    if (output.type !== 'signProposal') return [output];
    const { header, body } = output.own.block;
    const timestamp = header.timestamp + node.world.random.pick(AHEAD);
    const certificate = body.justification.parentCertificate ?? undefined;
    const block = node.world.makeBlock(node.id, header.parent, header.height, timestamp, certificate);
    return [
      { type: 'signProposal', data: { ...output.data, hash: headerHash(block.header) }, own: { ...output.own, block } },
    ];
  },
};
