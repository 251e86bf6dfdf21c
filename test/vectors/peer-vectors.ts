// Vectors of validators that say which peer they are.

import { peerIdOfKey } from '../../src/network/identity.ts';
import { toHex, utf8 } from '../../src/primitives/bytes.ts';
import { sign } from '../../src/primitives/ed25519.ts';
import { genesisHash } from '../../src/primitives/genesis.ts';
import { type JsonValue, toJson } from '../../src/primitives/json.ts';
import { PeerBinding, peerBindingSigningBytes, SignedPeerBinding } from '../../src/primitives/peer-binding.ts';
import { GENESIS, type Key, keyOf, VALIDATORS } from './fixture.ts';

const GENESIS_HASH = genesisHash(GENESIS);
const PEER = keyOf(21);
const ADDRESSES = ['/dns4/validator.example/tcp/9000', '/ip6/2001:db8::7/tcp/9001/ws'];

function vector({ seed, publicKey }: Key, time: number, addresses: readonly string[]): JsonValue {
  const binding = { validator: publicKey, peer: PEER.publicKey, time, addresses: addresses.map(utf8) };
  const signature = sign(seed, peerBindingSigningBytes(binding, GENESIS_HASH));
  return {
    seed: toHex(seed),
    binding: toJson(PeerBinding, binding),
    peer_id: peerIdOfKey(PEER.publicKey),
    binding_ssz: toHex(PeerBinding.serialize(binding)),
    signing_bytes: toHex(peerBindingSigningBytes(binding, GENESIS_HASH)),
    signature: toHex(signature),
    ssz: toHex(SignedPeerBinding.serialize({ binding, signature })),
  };
}

export function peerVectors(): JsonValue {
  const [first, second] = VALIDATORS as readonly [Key, Key, ...Key[]];
  return {
    about: 'Validators of genesis.json that say which peer they are: one under two addresses, one under none.',
    genesis_hash: toHex(GENESIS_HASH),
    bindings: [vector(first, 1_700_000_600_000, ADDRESSES), vector(second, 1_700_000_600_001, [])],
  };
}
