// SSZ types of what only the node's own database holds: never sent, hashed or signed.

import { ContainerType, ListCompositeType, type ValueOf } from '@chainsafe/ssz';
import { MAX_BLOCK_TRANSACTIONS } from './block.ts';
import { Receipt } from './receipt.ts';
import { Bytes32, Uint32, Uint64 } from './ssz.ts';

/** The receipts of one block, in the order of its transactions. */
export const BlockReceipts = new ListCompositeType(Receipt, MAX_BLOCK_TRANSACTIONS);

/** Where a transaction is: the block's height and the position in its body. */
export const TransactionLocation = new ContainerType(
  { height: Uint64, index: Uint32 },
  { typeName: 'TransactionLocation' },
);

/** The newest finalized block. */
export const HeadRecord = new ContainerType({ height: Uint64, hash: Bytes32 }, { typeName: 'HeadRecord' });

export type TransactionLocation = ValueOf<typeof TransactionLocation>;
export type HeadRecord = ValueOf<typeof HeadRecord>;
