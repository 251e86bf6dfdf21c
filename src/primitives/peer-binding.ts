// A validator says which peer of the network it is: what it signs, and how that travels (docs/protocol.md §8).

import { ContainerType, ListCompositeType, type ValueOf } from '@chainsafe/ssz';
import type { Hash } from './hash.ts';
import { signingBytes } from './signing.ts';
import { Bytes32, PublicKey, Signature, TextType, Uint64 } from './ssz.ts';

/** A node has one for each transport and family. */
export const MAX_BOUND_ADDRESSES = 4;
export const MAX_BOUND_ADDRESS_BYTES = 128;
/** In one message; larger sets take several. */
export const MAX_BINDINGS_PER_REQUEST = 64;

export const PeerBinding = new ContainerType(
  {
    /** consensus key: it signs this */
    validator: PublicKey,
    /** the Ed25519 public key of which the peer id is made */
    peer: Bytes32,
    /** ms since 1970; of two bindings of one validator the later one holds */
    time: Uint64,
    /** multiaddrs without /p2p/, none from a validator that is not to be dialled */
    addresses: new ListCompositeType(new TextType(MAX_BOUND_ADDRESS_BYTES), MAX_BOUND_ADDRESSES),
  },
  { typeName: 'PeerBinding' },
);
export type PeerBinding = ValueOf<typeof PeerBinding>;

export const SignedPeerBinding = new ContainerType(
  { binding: PeerBinding, signature: Signature },
  { typeName: 'SignedPeerBinding' },
);
export type SignedPeerBinding = ValueOf<typeof SignedPeerBinding>;

/** `validators/1`: what the sender tells; there is no answer. */
export const PeerBindings = new ListCompositeType(SignedPeerBinding, MAX_BINDINGS_PER_REQUEST);

export function peerBindingSigningBytes(binding: PeerBinding, genesisHash: Hash): Uint8Array {
  return signingBytes('peer', genesisHash, PeerBinding.serialize(binding));
}
