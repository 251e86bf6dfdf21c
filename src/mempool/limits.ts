// The bounds of the mempool. What a user or a peer can make a node hold in memory ends here.

export interface MempoolLimits {
  /** transactions waiting, of all senders */
  maxTransactions: number;
  /** sum of ssz(SignedTransaction) of the transactions waiting; in memory they take several times as much */
  maxBytes: number;
  /** transactions waiting of one sender */
  maxPerSender: number;
  /** transactions whose signatures are being checked; more are refused until the verifier has caught up */
  maxChecking: number;
}

export const DEFAULT_LIMITS: Readonly<MempoolLimits> = {
  // About 15 full blocks of the smallest transfers, some 20 s of work at the rates one network reaches.
  maxTransactions: 100_000,
  maxBytes: 64 * 1024 * 1024,
  maxPerSender: 64,
  // Under a second of work for two verifier threads, and at 8 KiB a transaction never more than 80 MiB. With three
  // signatures each (evidence has two of its own) they fit into the verifier's queue.
  maxChecking: 10_000,
};

/**
 * A replacement must offer at least this many percent more fee than what it replaces, and at least `minFee` more:
 * otherwise a sender could make everybody gossip one nonce over and over for next to nothing.
 */
export const REPLACEMENT_PERCENT = 10n;
