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
  /** by consensus key in hex; who named his peer first stands first */
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
   * @throws {NetworkError} MALFORMED when one that is news is badly signed; then none is kept, so that it is still news
   *   when somebody honest tells it
   */
  take(bindings: readonly SignedPeerBinding[]): SignedPeerBinding[] {
    this.#tidy();
    const fresh = bindings.filter((signed) => this.#isNews(signed));
    for (const { binding, signature } of fresh) {
      if (verifyNative(binding.validator, peerBindingSigningBytes(binding, this.#genesisHash), signature)) continue;
      throw new NetworkError('MALFORMED', 'a binding of a validator to its peer that is badly signed');
    }
    const news = fresh.filter((signed) => this.#keep(signed));
    this.#index();
    return news;
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

  /** @returns the consensus key of the first validator that has bound itself to this peer */
  validatorOf(peer: string): Uint8Array | undefined {
    return this.#validators.get(peer);
  }

  #isNews({ binding }: SignedPeerBinding): boolean {
    const { validator, time } = binding;
    const known = this.#entries.get(toHex(validator))?.signed.binding.time ?? Number.NEGATIVE_INFINITY;
    const now = this.#now();
    const isTimely = time > now - BINDING_LIFETIME_MS && time <= now + MAX_AHEAD_MS;
    return this.isMember(validator) && isTimely && time >= known + MIN_INTERVAL_MS;
  }

  /** @returns false when one from the same message is as new */
  #keep(signed: SignedPeerBinding): boolean {
    if (!this.#isNews(signed)) return false;
    const { validator, peer } = signed.binding;
    const key = toHex(validator);
    const id = peerIdOfKey(peer);
    // whoever names another peer than before is the last to name it
    if (this.#entries.get(key)?.peer !== id) this.#entries.delete(key);
    this.#entries.set(key, { signed, peer: id });
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
    for (const { signed, peer } of this.#entries.values()) {
      if (!this.#validators.has(peer)) this.#validators.set(peer, signed.binding.validator);
    }
  }
}
