// Block 0: the state of genesis under a header that every node computes for itself.

import { initializeState } from '../ledger/genesis.ts';
import { currentEpoch } from '../ledger/records.ts';
import { ADDRESS_BYTES } from '../primitives/address.ts';
import { type Block, headerHash, type Justification, justificationHash } from '../primitives/block.ts';
import { type Genesis, genesisHash } from '../primitives/genesis.ts';
import type { Hash } from '../primitives/hash.ts';
import { validatorsRoot } from '../primitives/validators.ts';
import { Overlay } from '../state/overlay.ts';
import type { TreeSource } from '../state/view.ts';
import { encodedTransactions, receiptsRoot, transactionsRoot } from './body.ts';

/**
 * @param empty a source without state
 * @throws {GenesisError} when the accounts of genesis make no state
 */
export function genesisBlock(genesis: Genesis, empty: TreeSource): { hash: Hash; block: Block; overlay: Overlay } {
  const overlay = new Overlay(empty);
  initializeState(overlay, genesis);
  const { epoch, validators } = currentEpoch(overlay);
  const members = validatorsRoot(validators);
  const justification: Justification = { parentCertificate: null, lateVotes: [] };
  const header = {
    height: 0,
    epoch,
    timestamp: genesis.genesisTime,
    // Ties every later header to the parameters and the name of the network too.
    parent: genesisHash(genesis),
    proposer: new Uint8Array(ADDRESS_BYTES),
    transactionsRoot: transactionsRoot([]),
    receiptsRoot: receiptsRoot([]),
    stateRoot: overlay.seal(),
    validatorsRoot: members,
    nextValidatorsRoot: members,
    justificationHash: justificationHash(justification),
  };
  return {
    hash: headerHash(header),
    block: { header, body: { justification, transactions: encodedTransactions([]) } },
    overlay,
  };
}
