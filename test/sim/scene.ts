// What a world made by hand sets itself, where other worlds draw it from their seed.

import type { Block } from '../../src/primitives/block.ts';
import type { Parameters } from '../../src/primitives/parameters.ts';

export interface Scene {
  readonly parameters?: Parameters;
  /** ms in which the network may cut and lose what is sent */
  readonly roughFor?: number;
  /** bytes of transactions in every block */
  readonly load?: number;
  /** part of the proposals of which a node lacks something, while the weather is rough; in all other worlds they carry all */
  readonly missing?: number;
  /** whether a node crashes at the durable write that it is about to complete */
  readonly crashesAtWrite?: (node: number) => boolean;
  /** ms that a node takes to execute a block; undefined: as long as usual */
  readonly executionTime?: (node: number, block: Block) => number | undefined;
}
