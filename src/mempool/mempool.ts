// The mempool: valid transactions that no finalized block holds yet. Here is the way in (cheap rules,
// signature, rules again) and the way out (included, invalid, replaced, evicted). It never changes state.

import { EventEmitter } from 'node:events';
import { getAccount, type LedgerReader } from '../ledger/accounts.ts';
import { paysMinimum } from '../ledger/rules.ts';
import type { SignatureFault } from '../primitives/action-signatures.ts';
import { type Address, addressKey } from '../primitives/address.ts';
import { MAX_BLOCK_TRANSACTIONS } from '../primitives/block.ts';
import type { Parameters } from '../primitives/parameters.ts';
import type { TransactionEnvelope } from '../primitives/transaction.ts';
import { admit, firstUncovered, type MempoolHead, nextNonce } from './admission.ts';
import { Arrivals, type Arriving } from './arrivals.ts';
import { DEFAULT_LIMITS, type MempoolLimits } from './limits.ts';
import { type Entry, senderKey, TransactionPool } from './pool.ts';
import { type AddResult, type DropReason, type Rejection, rejected } from './results.ts';
import { selectTransactions } from './selection.ts';
import type { SignatureVerdict } from './signatures.ts';

export interface MempoolEvents {
  accepted: [envelope: TransactionEnvelope];
  dropped: [envelope: TransactionEnvelope, reason: DropReason];
}

export interface MempoolOptions {
  head: () => MempoolHead;
  /** Verdicts on the signatures in the order of the envelopes, off the main thread. */
  verify: (envelopes: readonly TransactionEnvelope[]) => Promise<readonly SignatureVerdict[]>;
  limits?: Partial<MempoolLimits>;
}

export interface Selection {
  /** the state of the block's parent */
  state: LedgerReader;
  /** of the SSZ list of what is selected, at most */
  maxBytes: number;
  /** ms; the time of the block */
  timestamp: number;
  /** ids (hex) not to select */
  exclude?: ReadonlySet<string>;
}

const KNOWN: AddResult = { status: 'known' };
const NO_IDS: ReadonlySet<string> = new Set();

export class Mempool extends EventEmitter<MempoolEvents> {
  readonly #head: MempoolOptions['head'];
  readonly #verify: MempoolOptions['verify'];
  readonly #limits: Readonly<MempoolLimits>;
  readonly #pool: TransactionPool;
  readonly #arrivals = new Arrivals();
  /** by which all that waits has been judged: of the last finalized block, or of the first transaction before there is one */
  #fees: Pick<Parameters, 'minFee' | 'feePerByte' | 'accountFee'> | undefined;
  /** Settles when everything that arrived before has been inserted or refused; never rejects. */
  #turn: Promise<void> = Promise.resolve();

  constructor({ head, verify, limits }: MempoolOptions) {
    super();
    this.#head = head;
    this.#verify = verify;
    this.#limits = { ...DEFAULT_LIMITS, ...limits };
    this.#pool = new TransactionPool(this.#limits);
  }

  get size(): number {
    return this.#pool.size;
  }

  /** Sum of ssz(SignedTransaction) of the transactions waiting. */
  get bytes(): number {
    return this.#pool.bytes;
  }

  has(idHex: string): boolean {
    return this.#pool.get(idHex) !== undefined;
  }

  get(idHex: string): TransactionEnvelope | undefined {
    return this.#pool.get(idHex)?.envelope;
  }

  /** Also of those whose signatures are still being checked. */
  find(idHex: string): TransactionEnvelope | undefined {
    return this.get(idHex) ?? this.#arrivals.get(idHex)?.envelope;
  }

  /** The nonce that this account's next transaction must have, those waiting counted. */
  nextNonce(address: Address): number {
    return nextNonce(this.#pool.queue(addressKey(address)), getAccount(this.#head().state, address));
  }

  /** Rejects only when the verifier does. */
  async add(envelope: TransactionEnvelope): Promise<AddResult> {
    const [result] = await this.addBatch([envelope]);
    return result as AddResult;
  }

  /** Results in the order of the envelopes, which is the order in which they enter, after all earlier calls' ones. */
  addBatch(envelopes: readonly TransactionEnvelope[]): Promise<AddResult[]> {
    const head = this.#head();
    const fresh: Arriving[] = [];
    const results = envelopes.map((envelope): AddResult | Promise<AddResult> => {
      if (this.has(envelope.idHex)) return KNOWN;
      const running = this.#arrivals.get(envelope.idHex);
      if (running !== undefined) return running.result.then(asSecond);
      const verdict = this.#admit(envelope, head);
      if ('status' in verdict) return verdict;
      if (this.#arrivals.size >= this.#limits.maxChecking) {
        return rejected('MEMPOOL_FULL', 'too many transactions wait for their signatures to be checked');
      }
      const arriving = this.#arrivals.begin(envelope);
      fresh.push(arriving);
      return arriving.result;
    });
    if (fresh.length > 0) this.#enterInTurn(fresh);
    return Promise.all(results);
  }

  /** For a block on the parent with this state: best fees first, nonces in order, nothing that the parent's state has used. */
  select({ state, maxBytes, timestamp, exclude = NO_IDS }: Selection): TransactionEnvelope[] {
    return selectTransactions(this.#pool, {
      nextNonce: (envelope) => getAccount(state, envelope.from).nonce,
      maxBytes,
      maxTransactions: MAX_BLOCK_TRANSACTIONS,
      timestamp,
      exclude,
    });
  }

  /** Drops what a finalized block holds and what can't be included any more after it. Costs what the block costs, unless fees have risen. */
  onFinalized(envelopes: readonly TransactionEnvelope[], head: MempoolHead): void {
    const finalized = new Set(envelopes.map(({ idHex }) => idHex));
    const senders = new Map(envelopes.map((envelope) => [senderKey(envelope), envelope.from]));
    for (const [sender, address] of senders) {
      if (this.#pool.queue(sender) === undefined) continue;
      const account = getAccount(head.state, address);
      for (const { envelope } of this.#pool.dropBelow(sender, account.nonce)) {
        if (!finalized.has(envelope.idHex)) this.emit('dropped', envelope, 'NONCE_TOO_LOW');
      }
      const rest = this.#pool.queue(sender);
      const uncovered = rest && firstUncovered(rest, account);
      if (uncovered !== undefined) this.#drop(uncovered, 'INSUFFICIENT_FUNDS');
    }
    for (let one = this.#pool.expired(head.timestamp); one; one = this.#pool.expired(head.timestamp)) {
      this.#drop(one, 'EXPIRED');
    }
    this.#applyFees(head);
  }

  /** When an epoch begins with higher fees: what waits and pays less can't be included any more. */
  #applyFees({ state, parameters }: MempoolHead): void {
    const { minFee, feePerByte, accountFee } = this.#fees ?? parameters;
    this.#fees = parameters;
    const haveRisen =
      parameters.minFee > minFee || parameters.feePerByte > feePerByte || parameters.accountFee > accountFee;
    if (!haveRisen) return;
    for (const { entries } of [...this.#pool.queues()]) {
      const underpaid = entries.find(({ envelope }) => !paysMinimum(state, envelope, parameters));
      if (underpaid !== undefined) this.#drop(underpaid, 'FEE_TOO_LOW');
    }
  }

  #admit(envelope: TransactionEnvelope, head: MempoolHead): Entry | Rejection {
    this.#fees ??= head.parameters;
    const sender = senderKey(envelope);
    const entry = admit(envelope, {
      head,
      sender,
      queue: this.#pool.queue(sender),
      isArriving: (nonce) => this.#arrivals.has(sender, nonce),
      limits: this.#limits,
    });
    if ('status' in entry || this.#pool.roomFor(entry) !== undefined) return entry;
    return rejected('MEMPOOL_FULL', 'every transaction waiting offers as much fee per byte or more');
  }

  /** Has the signatures checked at once and lets the transactions in when their turn comes. */
  #enterInTurn(batch: readonly Arriving[]): void {
    const verification = this.#verification(batch);
    this.#turn = this.#turn.then(async () => {
      const outcome = await verification;
      for (const [index, arriving] of batch.entries()) {
        this.#arrivals.end(arriving);
        if ('error' in outcome) arriving.reject(outcome.error);
        else this.#settle(arriving, outcome.verdicts[index] ?? 'BAD_SIGNATURE');
      }
    });
  }

  /** Never rejects: the error is looked at when the batch's turn comes. */
  async #verification(
    batch: readonly Arriving[],
  ): Promise<{ verdicts: readonly SignatureVerdict[] } | { error: unknown }> {
    try {
      return { verdicts: await this.#verify(batch.map(({ envelope }) => envelope)) };
    } catch (error) {
      return { error };
    }
  }

  #settle(arriving: Arriving, verdict: SignatureVerdict): void {
    try {
      arriving.resolve(this.#enter(arriving.envelope, verdict));
    } catch (error) {
      arriving.reject(error);
    }
  }

  #enter(envelope: TransactionEnvelope, verdict: SignatureVerdict): AddResult {
    if (verdict !== 'good') return rejected(verdict, DETAILS[verdict]);
    // The head may have moved and others may have entered while the signature was being checked.
    const entry = this.#admit(envelope, this.#head());
    if ('status' in entry) return entry;
    for (const victim of this.#pool.roomFor(entry) ?? []) this.#drop(victim, 'EVICTED');
    const replaced = this.#pool.insert(entry);
    if (replaced !== undefined) this.emit('dropped', replaced.envelope, 'REPLACED');
    this.emit('accepted', envelope);
    return { status: 'accepted' };
  }

  #drop(entry: Entry, reason: DropReason): void {
    for (const { envelope } of this.#pool.dropFrom(entry)) this.emit('dropped', envelope, reason);
  }
}

const DETAILS: Readonly<Record<SignatureFault, string>> = {
  BAD_SIGNATURE: "the signature is not the sender's over these bytes",
  BAD_PROOF:
    "the proof of possession is not the consensus key's over the sender's address and the key, on this network",
  BAD_EVIDENCE: 'the evidence is not two contradicting messages of one slot with signatures that hold on this network',
};

/** What the second of two concurrent adds of one transaction is told. */
function asSecond(result: AddResult): AddResult {
  return result.status === 'accepted' ? KNOWN : result;
}
