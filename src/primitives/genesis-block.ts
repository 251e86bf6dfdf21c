// Block 0: what genesis looks like as a block. It is computed by every node, never sent; block 1 is its child.

import { ADDRESS_BYTES } from './address.ts';
import type { Block } from './block.ts';
import { justificationHash, receiptsRoot, transactionsRoot } from './block.ts';
import { type Genesis, genesisHash } from './genesis.ts';
import type { Hash } from './hash.ts';
import { validatorsRoot } from './validators.ts';

/**
 * The parent of block 0 is the genesis hash, so that every header of a chain commits to its parameters and its name.
 * @param stateRoot the root of the state that holds the accounts of genesis and nothing else
 */
export function genesisBlock(genesis: Genesis, stateRoot: Hash): Block {
  const validators = validatorsRoot(genesis.validators);
  const justification = { parentCertificate: null, lateVotes: [] };
  return {
    header: {
      height: 0,
      epoch: 0,
      timestamp: genesis.genesisTime,
      parent: genesisHash(genesis),
      proposer: new Uint8Array(ADDRESS_BYTES),
      transactionsRoot: transactionsRoot([]),
      receiptsRoot: receiptsRoot([]),
      stateRoot,
      validatorsRoot: validators,
      nextValidatorsRoot: validators,
      justificationHash: justificationHash(justification),
    },
    body: { justification, transactions: [] },
  };
}
