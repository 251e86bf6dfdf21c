// Blocks, certificates and transactions with plausible content for what travels between nodes.

import { BitArray, type Certificate, NOTAR } from '../../src/primitives/consensus.ts';
import { encodeTransaction } from '../../src/primitives/transaction.ts';
import { CertifiedBlock } from '../../src/primitives/wire.ts';

const HASH = new Uint8Array(32).fill(1);

/** ssz(CertifiedBlock) at that height, with as many transfers as asked for. */
export function sampleBlock(height: number, transfers = 1): Uint8Array {
  const header = {
    height,
    epoch: 0,
    timestamp: 1,
    parent: HASH,
    proposer: new Uint8Array(20),
    transactionsRoot: HASH,
    receiptsRoot: HASH,
    stateRoot: HASH,
    validatorsRoot: HASH,
    nextValidatorsRoot: HASH,
    justificationHash: HASH,
  };
  const transactions = Array.from({ length: transfers }, (_, nonce) => sampleTransaction(nonce).signed);
  const body = { justification: { parentCertificate: null, lateVotes: [] }, transactions };
  return CertifiedBlock.serialize({ block: { header, body }, certificate: sampleCertificate(height) });
}

export function sampleTransaction(nonce: number) {
  return encodeTransaction({
    transaction: {
      sender: HASH,
      nonce,
      fee: 1n,
      validUntil: 0,
      action: { selector: 0, value: { to: new Uint8Array(20), amount: 5n, memo: new Uint8Array(0) } },
    },
    signature: new Uint8Array(64),
  });
}

export function sampleCertificate(slot: number, members = 4): Certificate {
  return {
    epoch: 0,
    kind: NOTAR,
    slot,
    hash: HASH,
    bitmap: BitArray.fromBoolArray(Array.from({ length: members }, () => true)),
    signatures: Array.from({ length: members }, (_, member) => new Uint8Array(64).fill(member)),
  };
}
