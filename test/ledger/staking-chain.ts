// A chain in which people stake: a state within an epoch, actions by the index of `person`, epochs that end when a test
// says so. Every action goes through `executeTransaction`, and one that fails is seen to leave only fee and nonce.

import * as assert from 'uvu/assert';
import { getAccount, getFeePool, setAccount, setFeePool } from '../../src/ledger/accounts.ts';
import type { BlockContext } from '../../src/ledger/block.ts';
import { executeTransaction } from '../../src/ledger/execute.ts';
import { currentEpoch, validators } from '../../src/ledger/records.ts';
import { getStakes, sharesOn } from '../../src/ledger/stakes.ts';
import { countersIn, expectedSupply, totalSupply } from '../../src/ledger/supply.ts';
import { payDue } from '../../src/ledger/unbonding.ts';
import type { Address } from '../../src/primitives/address.ts';
import { CONSENSUS_MODES, type ConsensusMode } from '../../src/primitives/genesis.ts';
import type { Parameters } from '../../src/primitives/parameters.ts';
import { type ReceiptCode, receiptCode } from '../../src/primitives/receipt.ts';
import type { StakeAccount, ValidatorRecord } from '../../src/primitives/staking.ts';
import type { TransactionAction } from '../../src/primitives/transaction.ts';
import {
  chainWith,
  contextOf,
  EPOCH,
  envelope,
  FEE,
  type MapState,
  NOW,
  nextEpoch,
  PARAMETERS,
  person,
} from './build.ts';

export const AIT = 1_000_000_000n;

export interface ChainOptions {
  readonly mode?: ConsensusMode;
  readonly parameters?: Partial<Parameters>;
}

export class StakingChain {
  readonly state: MapState;
  now = NOW;

  /** @param balances of the first persons */
  constructor(balances: readonly bigint[], { mode = 'pos', parameters = {} }: ChainOptions = {}) {
    const epoch = { ...EPOCH, mode: CONSENSUS_MODES.indexOf(mode), parameters: { ...PARAMETERS, ...parameters } };
    this.state = chainWith(balances, epoch);
  }

  get context(): BlockContext {
    return contextOf(currentEpoch(this.state), this.now);
  }

  register(from: number, selfBond: bigint, { key = from, commission = 0 } = {}): ReceiptCode {
    const { publicKey } = consensusKey(key);
    return this.run(from, { selector: 2, value: { publicKey, commission, selfBond, proof: new Uint8Array(64) } });
  }

  update(from: number, change: { key?: number; commission?: number }): ReceiptCode {
    const key =
      change.key === undefined ? null : { publicKey: consensusKey(change.key).publicKey, proof: new Uint8Array(64) };
    return this.run(from, { selector: 3, value: { key, commission: change.commission ?? null } });
  }

  stake(from: number, on: number, amount: bigint): ReceiptCode {
    return this.run(from, { selector: 4, value: { validator: person(on).address, amount } });
  }

  /** @param amount zero: everything */
  unstake(from: number, on: number, amount = 0n): ReceiptCode {
    return this.run(from, { selector: 5, value: { validator: person(on).address, amount } });
  }

  unjail(from: number, validator = from): ReceiptCode {
    return this.run(from, { selector: 6, value: { validator: person(validator).address } });
  }

  run(from: number, action: TransactionAction): ReceiptCode {
    const { address } = person(from);
    const { balance, nonce } = getAccount(this.state, address);
    const expected = this.state.copy();
    setAccount(expected, address, { balance: balance - FEE, nonce: nonce + 1 });
    setFeePool(expected, getFeePool(expected) + FEE);
    const code = receiptCode(executeTransaction(this.state, envelope(action, { from, nonce }), this.context));
    if (code !== 'SUCCESS') assert.equal(this.state.dump(), expected.dump(), `${code} leaves fee and nonce alone`);
    return code;
  }

  /** Ends the present epoch at a time, by default now, without judging anybody. */
  endEpoch(at = this.now): void {
    this.now = at;
    nextEpoch(this.state, at);
  }

  /** A block at this time, as far as payouts go. */
  payAt(now: number): void {
    this.now = now;
    payDue(this.state, currentEpoch(this.state), now);
  }

  balance(index: number): bigint {
    return getAccount(this.state, person(index).address).balance;
  }

  validator(index: number): ValidatorRecord {
    return validators.get(this.state, person(index).address);
  }

  /** Replaces parts of a validator's record, as what happens at boundaries does. */
  change(index: number, part: Partial<ValidatorRecord>): void {
    validators.set(this.state, { ...this.validator(index), ...part }, person(index).address);
  }

  stakes(index: number): StakeAccount {
    return getStakes(this.state, person(index).address);
  }

  shares(index: number, on: number): bigint {
    return sharesOn(this.stakes(index).delegations, person(on).address);
  }

  assertConserved(): void {
    assert.is(totalSupply(this.state.entries()), expectedSupply(countersIn(this.state.entries())));
  }
}

/** Consensus keys are not accounts' keys. */
export function consensusKey(index: number): { publicKey: Uint8Array; address: Address } {
  return person(100 + index);
}
