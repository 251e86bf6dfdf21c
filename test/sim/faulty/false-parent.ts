// A leader that names the right parent slot and builds on another block than the one notarized there: on a sibling of
// it, made for the purpose and handed to whoever asks.

import { headerHash } from '../../../src/primitives/block.ts';
import { toHex } from '../../../src/primitives/bytes.ts';
import type { Behaviour, BuildRequest, FaultyNode } from '../behaviour.ts';

export const falseParent: Behaviour = {
  name: 'false-parent',
  build(request: BuildRequest, node: FaultyNode) {
    const parent = node.block(toHex(request.parent));
    const sibling = parent === undefined || parent.header.height === 0 ? undefined : node.variant(parent);
    if (sibling === undefined) return node.build(request);
    node.keep(sibling);
    return node.build({ ...request, parent: headerHash(sibling.header) });
  },
};
