// Errors of the ledger. Transactions do not throw: they are invalid (rules.ts) or fail with a receipt (execute.ts).

export type GenesisErrorCode =
  /** an address with two entries */
  | 'DUPLICATE_ACCOUNT'
  /** the balances sum past 64 bits */
  | 'SUPPLY_OVERFLOW'
  /** a staker who can not stake its self-bond, for one because its account holds less */
  | 'SELF_BOND';

/** A genesis whose accounts and validators make no state. */
export class GenesisError extends Error {
  override readonly name = 'GenesisError';
  readonly code: GenesisErrorCode;

  constructor(code: GenesisErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** State that no execution can have left behind: a damaged database or a mistake in this program. */
export class CorruptStateError extends Error {
  override readonly name = 'CorruptStateError';
  readonly code = 'CORRUPT_STATE';
}
