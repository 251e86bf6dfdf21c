// The libp2p identity of a node: an Ed25519 key made from a seed, and the peer id that follows from it.
// Must not load libp2p: commands that only print a peer id stay quick.

import { createPrivateKey, createPublicKey } from 'node:crypto';
import { base58 } from '@scure/base';
import { concatBytes } from '../primitives/bytes.ts';
import { NetworkError } from './errors.ts';

export const IDENTITY_SEED_BYTES = 32;

/** RFC 8410: the DER header of a PKCS #8 Ed25519 private key, before its 32 bytes. */
const PKCS8_HEADER = Uint8Array.from(Buffer.from('302e020100300506032b657004220420', 'hex'));
/** identity multihash of 36 bytes ‖ protobuf { 1: Ed25519, 2: 32 bytes } (libp2p peer-ids spec) */
const PEER_ID_HEADER = Uint8Array.of(0x00, 36, 0x08, 0x01, 0x12, 32);

/** @throws {NetworkError} BAD_IDENTITY */
export function identityPublicKey(seed: Uint8Array): Uint8Array {
  if (seed.length !== IDENTITY_SEED_BYTES) {
    throw new NetworkError(
      'BAD_IDENTITY',
      `an identity seed has ${IDENTITY_SEED_BYTES} bytes, this one ${seed.length}`,
    );
  }
  const der = Buffer.from(concatBytes(PKCS8_HEADER, seed));
  const { x } = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })).export({ format: 'jwk' });
  return Uint8Array.from(Buffer.from(x ?? '', 'base64url'));
}

/**
 * The peer id in its text form, `12D3KooW…`.
 * @throws {NetworkError} BAD_IDENTITY
 */
export function peerIdOf(seed: Uint8Array): string {
  return peerIdOfKey(identityPublicKey(seed));
}

/** @param publicKey 32 bytes, of Ed25519 */
export function peerIdOfKey(publicKey: Uint8Array): string {
  return base58.encode(concatBytes(PEER_ID_HEADER, publicKey));
}
