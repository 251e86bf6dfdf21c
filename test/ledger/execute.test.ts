import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findAccount, getAccount, getFeePool, type LedgerState, setAccount } from '../../src/ledger/accounts.ts';
import { executeTransaction, totalDebit } from '../../src/ledger/execute.ts';
import { checkTransaction } from '../../src/ledger/rules.ts';
import { STATE_NAMESPACES } from '../../src/primitives/account.ts';
import { receiptCode } from '../../src/primitives/receipt.ts';
import { MAX_AMOUNT } from '../../src/primitives/ssz.ts';
import type { TransactionEnvelope } from '../../src/primitives/transaction.ts';
import { CONTEXT, chainWith, FEE, type MapState, multiTransfer, person, stateWith, transfer } from './build.ts';

const test = suite('execution');
const RICH = 10n ** 12n;

function run(state: MapState, envelope: TransactionEnvelope): string {
  assert.is(checkTransaction(state, envelope, CONTEXT), undefined);
  const receipt = executeTransaction(state, envelope, CONTEXT);
  assert.equal(receipt.transactionId, envelope.id);
  assert.is(receipt.fee, envelope.signed.transaction.fee);
  return receiptCode(receipt);
}

const account = (state: MapState, index: number) => getAccount(state, person(index).address);

/** Runs a transaction whose action fails: the fee is taken, the nonce used, and nothing else is different. */
function assertFails(state: MapState, envelope: TransactionEnvelope, code: string): void {
  const expected = { ...account(state, 0), pool: getFeePool(state) };
  const { fee } = envelope.signed.transaction;
  assert.is(run(state, envelope), code);
  assert.equal(account(state, 0), { balance: expected.balance - fee, nonce: expected.nonce + 1 });
  assert.is(getFeePool(state), expected.pool + fee);
}

test('TRANSFER moves the amount and the fee goes to the pool', () => {
  const state = stateWith(RICH, 7n);
  assert.is(run(state, transfer(1, 100n, { memo: new TextEncoder().encode('rent') })), 'SUCCESS');
  assert.equal(account(state, 0), { balance: RICH - 100n - FEE, nonce: 1 });
  assert.equal(account(state, 1), { balance: 107n, nonce: 0 });
  assert.is(getFeePool(state), FEE);
  assert.is(run(state, transfer(1, 1n, { nonce: 1 })), 'SUCCESS');
  assert.is(getFeePool(state), 2n * FEE);
});

test('a transfer creates the account it pays, which may then send', () => {
  const state = stateWith(RICH);
  assert.is(findAccount(state, person(5).address), undefined);
  assert.is(run(state, transfer(5, 10n * FEE)), 'SUCCESS');
  assert.equal(account(state, 5), { balance: 10n * FEE, nonce: 0 });
  assert.is(run(state, transfer(0, 1n, { from: 5 })), 'SUCCESS');
  assert.equal(account(state, 5), { balance: 9n * FEE - 1n, nonce: 1 });
});

test('everything can be sent; the account stays with its nonce', () => {
  const state = stateWith(RICH, 1n);
  assert.is(run(state, transfer(1, RICH - FEE)), 'SUCCESS');
  assert.equal(findAccount(state, person(0).address), { balance: 0n, nonce: 1 });
});

test('a transfer to oneself costs the fee alone, and needs the amount', () => {
  const state = stateWith(RICH);
  assert.is(run(state, transfer(0, RICH - FEE)), 'SUCCESS');
  assert.equal(account(state, 0), { balance: RICH - FEE, nonce: 1 });
  assertFails(state, transfer(0, RICH - FEE, { nonce: 1 }), 'INSUFFICIENT_BALANCE');
});

test('MULTI_TRANSFER pays every output, also several to one address and to the sender', () => {
  const state = stateWith(RICH, 1n);
  assert.is(
    run(
      state,
      multiTransfer([
        [1, 10n],
        [2, 20n],
        [1, 30n],
        [0, 40n],
        [2, 50n],
      ]),
    ),
    'SUCCESS',
  );
  assert.equal(account(state, 0), { balance: RICH - FEE - 110n, nonce: 1 });
  assert.equal(account(state, 1), { balance: 41n, nonce: 0 });
  assert.equal(account(state, 2), { balance: 70n, nonce: 0 });
});

test('what cannot be done costs the fee and changes nothing else', () => {
  for (const balance of [FEE, FEE + 99n]) {
    const state = stateWith(balance, 7n);
    const others = state.dump();
    assertFails(state, transfer(1, 100n), 'INSUFFICIENT_BALANCE');
    assert.equal(account(state, 1), { balance: 7n, nonce: 0 });
    assert.is(Object.keys(state.dump()).length, Object.keys(others).length + 1, 'the fee pool is the only new record');
  }
  assertFails(stateWith(RICH, 1n), transfer(1, 0n), 'ZERO_AMOUNT');
  assertFails(
    stateWith(RICH, 1n),
    multiTransfer([
      [1, 1n],
      [1, 0n],
    ]),
    'ZERO_AMOUNT',
  );
  assertFails(stateWith(RICH, 1n), multiTransfer([]), 'NO_OUTPUTS');
});

test('one output too many fails them all, and creates no account', () => {
  const state = stateWith(FEE + 100n, 1n);
  assertFails(
    state,
    multiTransfer([
      [1, 60n],
      [5, 30n],
      [1, 11n],
    ]),
    'INSUFFICIENT_BALANCE',
  );
  assert.equal(account(state, 1), { balance: 1n, nonce: 0 });
  assert.is(findAccount(state, person(5).address), undefined);
});

test('amounts past 64 bits fail', () => {
  const state = stateWith(RICH, 1n);
  assertFails(
    state,
    multiTransfer([
      [1, MAX_AMOUNT],
      [1, 1n],
    ]),
    'AMOUNT_OVERFLOW',
  );
  assertFails(state, transfer(1, MAX_AMOUNT, { nonce: 1 }), 'INSUFFICIENT_BALANCE');

  // No genesis can hold so much, so such a state has to be made by hand.
  const full = stateWith(RICH, MAX_AMOUNT - 5n);
  assertFails(full, transfer(1, 6n), 'AMOUNT_OVERFLOW');
  assertFails(
    full,
    multiTransfer(
      [
        [1, 3n],
        [2, 1n],
        [1, 3n],
      ],
      { nonce: 1 },
    ),
    'AMOUNT_OVERFLOW',
  );
  assert.equal(account(full, 1), { balance: MAX_AMOUNT - 5n, nonce: 0 });
  assert.is(findAccount(full, person(2).address), undefined);
  assert.is(run(full, transfer(1, 5n, { nonce: 2 })), 'SUCCESS');
  assert.equal(account(full, 1), { balance: MAX_AMOUNT, nonce: 0 });
});

test('rules are judged where a transaction stands: an account made before is not paid for again', () => {
  const state = stateWith(RICH);
  const cheap = 20_000n;
  const second = transfer(5, 1n, { nonce: 1, fee: cheap });
  assert.is(run(state, transfer(5, 1n)), 'SUCCESS');
  assert.is(run(state, second), 'SUCCESS');

  const failing = stateWith(FEE + cheap);
  assertFails(failing, transfer(5, FEE + cheap), 'INSUFFICIENT_BALANCE');
  assert.is(checkTransaction(failing, second, CONTEXT), 'FEE_TOO_LOW', 'the account was not made after all');
});

test('a balance that was spent before in the block pays no fee', () => {
  const state = stateWith(2n * FEE, 1n);
  assert.is(run(state, transfer(1, 1n)), 'SUCCESS');
  assert.is(checkTransaction(state, transfer(1, 1n, { nonce: 1 }), CONTEXT), 'INSUFFICIENT_FUNDS_FOR_FEE');
});

test('totalDebit is fee and amounts, past 64 bits too', () => {
  assert.is(totalDebit(transfer(1, 5n).signed.transaction), FEE + 5n);
  assert.is(
    totalDebit(
      multiTransfer([
        [1, MAX_AMOUNT],
        [2, MAX_AMOUNT],
      ]).signed.transaction,
    ),
    FEE + 2n * MAX_AMOUNT,
  );
});

test('a transfer looks at the accounts concerned and the fee pool, and at nothing else', () => {
  const state = chainWith([RICH, 1n]);
  const touched = new Set<number>();
  const watched: LedgerState = {
    get: (key) => {
      touched.add(key[0] as number);
      return state.get(key);
    },
    set: (key, value) => {
      touched.add(key[0] as number);
      state.set(key, value);
    },
    delete: () => assert.unreachable('a transfer deletes nothing'),
  };
  for (const envelope of [
    transfer(1, 5n),
    transfer(1, 2n * RICH, { nonce: 1 }),
    multiTransfer([[5, 1n]], { nonce: 2 }),
  ]) {
    assert.is(checkTransaction(watched, envelope, CONTEXT), undefined);
    executeTransaction(watched, envelope, CONTEXT);
  }
  assert.equal([...touched].sort(), [STATE_NAMESPACES.account, STATE_NAMESPACES.feePool]);
});

test('accounts are stored as SSZ says', () => {
  const state = stateWith();
  setAccount(state, person(0).address, { balance: MAX_AMOUNT, nonce: 258 });
  assert.equal(Object.values(state.dump()), ['ffffffffffffffff0201000000000000']);
});

test.run();
