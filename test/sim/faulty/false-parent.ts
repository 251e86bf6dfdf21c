// A leader that names the right parent slot and builds on another block than the one notarized there: on a sibling of
// it, made for the purpose and handed to whoever asks. Attacks the link between a slot's certificate and the parent.

import { type Block, headerHash } from '../../../src/primitives/block.ts';
import { toHex } from '../../../src/primitives/bytes.ts';
import type { Behaviour, BuildRequest, FaultyNode } from '../behaviour.ts';
import { twinOf } from './two-faces.ts';

export const falseParent: Behaviour = {
  name: 'false-parent',
  build(request: BuildRequest, node: FaultyNode): Block | undefined {
    const parent = node.block(toHex(request.parent));
    const sibling = parent === undefined || parent.header.height === 0 ? undefined : twinOf(parent, node);
    return node.build(sibling === undefined ? request : { ...request, parent: headerHash(sibling.header) });
  },
};
