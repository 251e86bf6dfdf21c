// The two functions of sodium-native that this room calls; the package ships no types.

declare module 'sodium-native' {
  /** Fills `signature` (64 bytes). @param secretKey 64 bytes: seed ‖ public key. */
  export function crypto_sign_detached(signature: Uint8Array, message: Uint8Array, secretKey: Uint8Array): void;
  /** @throws {AssertionError} when the signature (64 bytes) or the public key (32) is shorter. */
  export function crypto_sign_verify_detached(
    signature: Uint8Array,
    message: Uint8Array,
    publicKey: Uint8Array,
  ): boolean;
  /** Fills `publicKey` (32 bytes) and `secretKey` (64) from `seed` (32). */
  export function crypto_sign_seed_keypair(publicKey: Uint8Array, secretKey: Uint8Array, seed: Uint8Array): void;
}
