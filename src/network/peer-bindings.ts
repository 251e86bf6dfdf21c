// Which peer is which validator: the newest binding of each member of the present epoch, signed by its consensus key.
// Nobody else gets a place here, so that there are never more than members; and what is not renewed is forgotten.

import { verifyNative } from '../crypto/keys.ts';
import { toHex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import { peerBindingSigningBytes, type SignedPeerBinding } from '../primitives/peer-binding.ts';
import { NetworkError } from './errors.ts';
import { peerIdOfKey } from './identity.ts';

/** A validator that says no more who it is, is a peer like others after this time. */
export const BINDING_LIFETIME_MS = 3_600_000;
/** Clocks differ; who is more ahead than this waits until the others are there. */
const MAX_AHEAD_MS = 60_000;
/** Between two bindings of one validator: each is passed on by every node, so it must not make many. */
const MIN_INTERVAL_MS = 10_000;

interface Entry {
  readonly signed: SignedPeerBinding;
  readonly peer: string;
}

export class PeerBindings {
  readonly #genesisHash: Hash;
  readonly #now: () => number;
  /** by consensus key in hex */
  readonly #entries = new Map<string, Entry>();
  readonly #validators = new Map<string, Uint8Array>();
  #members: ReadonlySet<string> = new Set();

  /** @param now ms since 1970 */
  constructor(genesisHash: Hash, now: () => number) {
    this.#genesisHash = genesisHash;
    this.#now = now;
  }

  /** @param members consensus keys of the present epoch; bindings of others are forgotten */
  setMembers(members: readonly Uint8Array[]): void {
    this.#members = new Set(members.map(toHex));
    this.#tidy();
  }

  /**
   * Keeps what is newer than what is known.
   * @returns what was kept
   * @throws {NetworkError} MALFORMED at the first one that is badly signed; those before it are kept
   */
  take(bindings: readonly SignedPeerBinding[]): SignedPeerBinding[] {
    this.#tidy();
    try {
      return bindings.filter((signed) => this.#takeOne(signed));
    } finally {
      this.#index();
    }
  }

  /** How many there are. */
  get members(): number {
    return this.#members.size;
  }

  isMember(validator: Uint8Array): boolean {
    return this.#members.has(toHex(validator));
  }

  /** Those in force. */
  get all(): SignedPeerBinding[] {
    this.#tidy();
    return [...this.#entries.values()].map(({ signed }) => signed);
  }

  /** @returns the consensus key of a validator that has bound itself to this peer */
  validatorOf(peer: string): Uint8Array | undefined {
    return this.#validators.get(peer);
  }

  #takeOne(signed: SignedPeerBinding): boolean {
    const { binding, signature } = signed;
    const key = toHex(binding.validator);
    const known = this.#entries.get(key)?.signed.binding.time ?? Number.NEGATIVE_INFINITY;
    const now = this.#now();
    const isTimely = binding.time > now - BINDING_LIFETIME_MS && binding.time <= now + MAX_AHEAD_MS;
    if (!this.#members.has(key) || !isTimely || binding.time < known + MIN_INTERVAL_MS) return false;
    if (!verifyNative(binding.validator, peerBindingSigningBytes(binding, this.#genesisHash), signature)) {
      throw new NetworkError('MALFORMED', 'a binding of a validator to its peer that is badly signed');
    }
    this.#entries.set(key, { signed, peer: peerIdOfKey(binding.peer) });
    return true;
  }

  #tidy(): void {
    const oldest = this.#now() - BINDING_LIFETIME_MS;
    for (const [key, { signed }] of this.#entries) {
      if (!this.#members.has(key) || signed.binding.time <= oldest) this.#entries.delete(key);
    }
    this.#index();
  }

  #index(): void {
    this.#validators.clear();
    for (const { signed, peer } of this.#entries.values()) this.#validators.set(peer, signed.binding.validator);
  }
}
