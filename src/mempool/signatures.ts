// The signatures of transactions, checked once: whoever asks (a user's submission, gossip, a block) shares one check, and
// the good transactions are remembered by id. It decides nothing itself; the verifier is passed in.

import { LRUCache } from 'lru-cache';
import { type SignatureFault, type TransactionCheck, transactionChecks } from '../primitives/action-signatures.ts';
import type { Hash } from '../primitives/hash.ts';
import type { SignatureCheck } from '../primitives/signing.ts';
import type { TransactionEnvelope } from '../primitives/transaction.ts';

/** 'good' when all signatures of a transaction hold, those in its action too; or what is wrong with it. */
export type SignatureVerdict = 'good' | SignatureFault;

/** A block's signatures are `urgent`: consensus waits for them, and must not wait behind what users submit. */
export type CheckPriority = 'urgent' | 'bulk';

export interface SignatureChecksOptions {
  genesisHash: Hash;
  /** Verdicts in the order of the checks, off the main thread. */
  verifyAll: (checks: readonly SignatureCheck[], priority: CheckPriority) => Promise<readonly boolean[]>;
}

/** Good ids remembered: a full mempool and its last blocks; about 20 MB. */
const MAX_REMEMBERED = 131_072;

export class SignatureChecks {
  readonly #genesisHash: Hash;
  readonly #verifyAll: SignatureChecksOptions['verifyAll'];
  readonly #running: Readonly<Record<CheckPriority, Map<string, Promise<SignatureVerdict>>>> = {
    urgent: new Map(),
    bulk: new Map(),
  };
  /** Ids known to be good. An id covers all signatures, so a good one stays good. */
  readonly #good = new LRUCache<string, true>({ max: MAX_REMEMBERED });

  constructor({ genesisHash, verifyAll }: SignatureChecksOptions) {
    this.#genesisHash = genesisHash;
    this.#verifyAll = verifyAll;
  }

  isVerified(idHex: string): boolean {
    return this.#good.has(idHex);
  }

  /** Verdicts in the order of the envelopes; rejects when the verifier does. For what waits for its turn: the mempool. */
  readonly check = (envelopes: readonly TransactionEnvelope[]): Promise<SignatureVerdict[]> =>
    this.#check(envelopes, 'bulk');

  /** Whether each is good, ahead of everything that is checked for the mempool. For blocks. */
  readonly checkBlock = async (envelopes: readonly TransactionEnvelope[]): Promise<boolean[]> => {
    const verdicts = await this.#check(envelopes, 'urgent');
    return verdicts.map((verdict) => verdict === 'good');
  };

  async #check(envelopes: readonly TransactionEnvelope[], priority: CheckPriority): Promise<SignatureVerdict[]> {
    const fresh = new Map<string, readonly TransactionCheck[]>();
    const faults = new Map<string, SignatureFault>();
    for (const envelope of envelopes) {
      const { idHex } = envelope;
      if (this.#known(idHex, priority) !== undefined) continue;
      const checks = transactionChecks(envelope, this.#genesisHash);
      if (typeof checks === 'string') faults.set(idHex, checks);
      else fresh.set(idHex, checks);
    }
    if (fresh.size > 0) this.#start(fresh, priority);
    return Promise.all(
      envelopes.map(({ idHex }) => this.#known(idHex, priority) ?? faults.get(idHex) ?? 'BAD_SIGNATURE'),
    );
  }

  /** The verdict, when it is there or will be without asking again. An urgent check does not wait for a bulk one. */
  #known(idHex: string, priority: CheckPriority): 'good' | Promise<SignatureVerdict> | undefined {
    if (this.#good.has(idHex)) return 'good';
    return this.#running.urgent.get(idHex) ?? (priority === 'bulk' ? this.#running.bulk.get(idHex) : undefined);
  }

  #start(fresh: ReadonlyMap<string, readonly TransactionCheck[]>, priority: CheckPriority): void {
    const running = this.#running[priority];
    const batch = this.#verifyAll([...fresh.values()].flat(), priority);
    let next = 0;
    for (const [idHex, checks] of fresh) {
      const first = next;
      next += checks.length;
      const verdict = batch.then((holds): SignatureVerdict => {
        const broken = checks.find((_, index) => holds[first + index] !== true);
        return broken?.fault ?? 'good';
      });
      running.set(idHex, verdict);
      verdict.then(
        (reached) => {
          running.delete(idHex);
          if (reached === 'good') this.#good.set(idHex, true);
        },
        () => running.delete(idHex),
      );
    }
  }
}
