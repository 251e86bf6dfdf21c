// Transaction signatures, checked once: whoever asks (a user's submission, gossip, a block) shares one check, and the
// good ones are remembered by id. It decides nothing itself; the verifier is passed in.

import { LRUCache } from 'lru-cache';
import type { Hash } from '../primitives/hash.ts';
import { envelopeSigningBytes, type TransactionEnvelope } from '../primitives/transaction.ts';

/** What the verifier is asked. */
export interface TransactionSignature {
  publicKey: Uint8Array;
  message: Uint8Array;
  signature: Uint8Array;
}

/** A block's signatures are `urgent`: consensus waits for them, and must not wait behind what users submit. */
export type CheckPriority = 'urgent' | 'bulk';

export interface SignatureChecksOptions {
  genesisHash: Hash;
  /** Verdicts in the order of the jobs, off the main thread. */
  verifyAll: (jobs: readonly TransactionSignature[], priority: CheckPriority) => Promise<readonly boolean[]>;
}

/** Good ids remembered: a full mempool and its last blocks; about 20 MB. */
const MAX_REMEMBERED = 131_072;

export class SignatureChecks {
  readonly #genesisHash: Hash;
  readonly #verifyAll: SignatureChecksOptions['verifyAll'];
  readonly #running: Readonly<Record<CheckPriority, Map<string, Promise<boolean>>>> = {
    urgent: new Map(),
    bulk: new Map(),
  };
  /** Ids known to be good. An id covers the signature, so a good one stays good. */
  readonly #good = new LRUCache<string, true>({ max: MAX_REMEMBERED });

  constructor({ genesisHash, verifyAll }: SignatureChecksOptions) {
    this.#genesisHash = genesisHash;
    this.#verifyAll = verifyAll;
  }

  isVerified(idHex: string): boolean {
    return this.#good.has(idHex);
  }

  /** Verdicts in the order of the envelopes; rejects when the verifier does. For what waits for its turn: the mempool. */
  readonly check = (envelopes: readonly TransactionEnvelope[]): Promise<boolean[]> => this.#check(envelopes, 'bulk');

  /** Like `check`, ahead of everything that is checked for the mempool. For blocks. */
  readonly checkBlock = (envelopes: readonly TransactionEnvelope[]): Promise<boolean[]> =>
    this.#check(envelopes, 'urgent');

  async #check(envelopes: readonly TransactionEnvelope[], priority: CheckPriority): Promise<boolean[]> {
    const fresh = new Map<string, TransactionEnvelope>();
    for (const envelope of envelopes) {
      if (!this.#known(envelope.idHex, priority)) fresh.set(envelope.idHex, envelope);
    }
    if (fresh.size > 0) this.#start([...fresh.values()], priority);
    return Promise.all(envelopes.map(({ idHex }) => this.#known(idHex, priority) ?? false));
  }

  /** The verdict, when it is there or will be without asking again. An urgent check does not wait for a bulk one. */
  #known(idHex: string, priority: CheckPriority): true | Promise<boolean> | undefined {
    if (this.#good.has(idHex)) return true;
    return this.#running.urgent.get(idHex) ?? (priority === 'bulk' ? this.#running.bulk.get(idHex) : undefined);
  }

  #start(envelopes: readonly TransactionEnvelope[], priority: CheckPriority): void {
    const running = this.#running[priority];
    const jobs = envelopes.map((envelope) => this.#job(envelope));
    const batch = this.#verifyAll(jobs, priority);
    envelopes.forEach(({ idHex }, index) => {
      const verdict = batch.then((verdicts) => verdicts[index] === true);
      running.set(idHex, verdict);
      verdict.then(
        (good) => {
          running.delete(idHex);
          if (good) this.#good.set(idHex, true);
        },
        () => running.delete(idHex),
      );
    });
  }

  #job(envelope: TransactionEnvelope): TransactionSignature {
    const { transaction, signature } = envelope.signed;
    return { publicKey: transaction.sender, message: envelopeSigningBytes(envelope, this.#genesisHash), signature };
  }
}
