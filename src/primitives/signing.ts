// What is signed: `domain ‖ genesisHash ‖ ssz(value)` (docs/protocol.md §1). The domain keeps one kind of message
// from being taken for another, the genesis hash one network's messages from another's.

import { concatBytes, utf8 } from './bytes.ts';
import type { Hash } from './hash.ts';

const DOMAIN_BYTES = 32;

function domain(name: string): Uint8Array {
  const bytes = new Uint8Array(DOMAIN_BYTES);
  bytes.set(utf8(name));
  return bytes;
}

export const DOMAINS = {
  transaction: domain('aitbc/tx/1'),
  proposal: domain('aitbc/proposal/1'),
  vote: domain('aitbc/vote/1'),
  possession: domain('aitbc/pop/1'),
  peer: domain('aitbc/peer/1'),
} as const;

export type Domain = keyof typeof DOMAINS;

export function signingBytes(kind: Domain, genesisHash: Hash, encoded: Uint8Array): Uint8Array {
  return concatBytes(DOMAINS[kind], genesisHash, encoded);
}

/** One signature to check, as every verifier takes it. */
export interface SignatureCheck {
  /** 32 bytes; any other length is an invalid signature. */
  readonly publicKey: Uint8Array;
  readonly message: Uint8Array;
  /** 64 bytes; any other length is an invalid signature. */
  readonly signature: Uint8Array;
}
