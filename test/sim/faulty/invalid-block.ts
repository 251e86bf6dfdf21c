// A leader whose blocks break one rule each: state, time, height, proposer, or a body that is not the header's. Attacks
// execution and the door; an honest member must vote for none of them.

import type { Block, Header } from '../../../src/primitives/block.ts';
import { sha256, ZERO_HASH } from '../../../src/primitives/hash.ts';
import type { Behaviour, BuildRequest, FaultyNode } from '../behaviour.ts';

const BROKEN: readonly ((header: Header) => Partial<Header>)[] = [
  ({ stateRoot }) => ({ stateRoot: sha256(stateRoot) }),
  () => ({ timestamp: 1 }),
  ({ height }) => ({ height: height + 1 }),
  ({ height }) => ({ height: height - 1 }),
  ({ proposer }) => ({ proposer: proposer.map((byte) => byte ^ 0xff) }),
  () => ({ justificationHash: ZERO_HASH }),
];

export const invalidBlock: Behaviour = {
  name: 'invalid-block',
  build(request: BuildRequest, node: FaultyNode): Block | undefined {
    const block = node.build(request);
    if (block === undefined) return undefined;
    const { header, body } = block;
    return { header: { ...header, ...node.random.pick(BROKEN)(header) }, body };
  },
};
