// Certificates and transactions as they travel between nodes, and bytes in place of blocks, which the network room
// passes on without a look inside.

import { BitArray, type Certificate, NOTAR } from '../../src/primitives/consensus.ts';
import { encodeTransaction } from '../../src/primitives/transaction.ts';

const HASH = new Uint8Array(32).fill(1);

export function sampleBlock(height: number, bytes = 500): Uint8Array {
  return new Uint8Array(bytes).fill(height);
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
