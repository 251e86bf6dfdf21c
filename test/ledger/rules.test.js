import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { setAccount } from '../../src/ledger/accounts.js';
import { countNewAccounts } from '../../src/ledger/outputs.js';
import { checkTransaction, minimumFee } from '../../src/ledger/rules.js';
import { MAX_AMOUNT } from '../../src/primitives/ssz.js';
import { CONTEXT, FEE, FREE, MapState, multiTransfer, NOW, PARAMETERS, person, stateWith, transfer } from './build.js';
const test = suite('transaction rules');
const RICH = 10n ** 12n;
test('a transfer with the next nonce and a sufficient fee is valid', () => {
    assert.is(checkTransaction(stateWith(RICH, 1n), transfer(1, 5n), CONTEXT), undefined);
});
test('the nonce is the account’s, neither lower nor higher', () => {
    const state = stateWith(0n, 1n);
    setAccount(state, person(0).address, { balance: RICH, nonce: 7 });
    assert.is(checkTransaction(state, transfer(1, 5n, { nonce: 6 }), CONTEXT), 'NONCE_TOO_LOW');
    assert.is(checkTransaction(state, transfer(1, 5n, { nonce: 7 }), CONTEXT), undefined);
    assert.is(checkTransaction(state, transfer(1, 5n, { nonce: 8 }), CONTEXT), 'NONCE_TOO_HIGH');
});
test('validUntil is inclusive and zero is no limit', () => {
    const state = stateWith(RICH, 1n);
    assert.is(checkTransaction(state, transfer(1, 5n, { validUntil: NOW - 1 }), CONTEXT), 'EXPIRED');
    assert.is(checkTransaction(state, transfer(1, 5n, { validUntil: NOW }), CONTEXT), undefined);
    assert.is(checkTransaction(state, transfer(1, 5n, { validUntil: 0 }), CONTEXT), undefined);
});
test('the fee covers minimum, bytes and each new account, to the unit', () => {
    const state = stateWith(RICH, 1n);
    const cases = [
        { make: (fee) => transfer(1, 5n, { fee }), created: 0 },
        { make: (fee) => transfer(9, 5n, { fee }), created: 1 },
        { make: (fee) => transfer(0, 5n, { fee }), created: 0 },
        {
            make: (fee) => multiTransfer([
                [1, 5n],
                [8, 1n],
                [9, 1n],
                [8, 2n],
                [0, 1n],
            ], { fee }),
            created: 2,
        },
        { make: (fee) => transfer(9, 5n, { fee, memo: new Uint8Array(100).fill(97) }), created: 1 },
    ];
    for (const { make, created } of cases) {
        const sample = make(0n);
        assert.is(countNewAccounts(state, sample.signed.transaction.action), created);
        const minimum = minimumFee(sample, PARAMETERS, created);
        assert.is(minimum, 1000n + 10n * BigInt(sample.bytes.length) + 50000n * BigInt(created));
        assert.is(checkTransaction(state, make(minimum), CONTEXT), undefined);
        assert.is(checkTransaction(state, make(minimum - 1n), CONTEXT), 'FEE_TOO_LOW');
    }
});
test('fees past 64 bits are never met', () => {
    const state = stateWith(MAX_AMOUNT, 1n);
    const parameters = { ...PARAMETERS, feePerByte: MAX_AMOUNT, accountFee: MAX_AMOUNT };
    assert.is(checkTransaction(state, transfer(1, 5n, { fee: MAX_AMOUNT }), { parameters, timestamp: NOW }), 'FEE_TOO_LOW');
});
test('a balance below the fee is invalid, one that only lacks the amount is not', () => {
    assert.is(checkTransaction(stateWith(FEE - 1n, 1n), transfer(1, 5n), CONTEXT), 'INSUFFICIENT_FUNDS_FOR_FEE');
    assert.is(checkTransaction(stateWith(FEE, 1n), transfer(1, 5n), CONTEXT), undefined);
    assert.is(checkTransaction(new MapState(), transfer(1, 5n), CONTEXT), 'INSUFFICIENT_FUNDS_FOR_FEE');
});
test('where fees are zero, an address without a record still cannot send', () => {
    const context = { parameters: FREE, timestamp: NOW };
    assert.is(checkTransaction(new MapState(), transfer(1, 5n, { fee: 0n }), context), 'INSUFFICIENT_FUNDS_FOR_FEE');
    assert.is(checkTransaction(stateWith(1n), transfer(1, 5n, { fee: 0n }), context), undefined);
});
test('more bytes than a transaction may have', () => {
    const normal = transfer(1, 5n);
    const large = { ...normal, bytes: new Uint8Array(8 * 1024 + 1) };
    assert.is(checkTransaction(stateWith(RICH, 1n), large, CONTEXT), 'TOO_LARGE');
});
test('refusing is cheap: outputs are looked up only when they decide, and no more than the fee pays for', () => {
    const state = stateWith(RICH, 1n);
    const outputs = Array.from({ length: 200 }, (_, i) => [20 + i, 1n]);
    const readsOf = (fee, nonce = 0) => {
        state.reads = 0;
        checkTransaction(state, multiTransfer(outputs, { fee, nonce }), CONTEXT);
        return state.reads;
    };
    assert.is(readsOf(0n), 1);
    assert.is(readsOf(FEE, 1), 1);
    assert.is(readsOf(RICH - 1n), 1);
    const base = minimumFee(multiTransfer(outputs), PARAMETERS, 0);
    assert.ok(readsOf(base + 3n * PARAMETERS.accountFee) <= 6);
});
test.run();
