import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { getAccount } from '../../src/ledger/accounts.js';
import { executeTransaction } from '../../src/ledger/execute.js';
import { initializeState } from '../../src/ledger/genesis.js';
import { checkTransaction } from '../../src/ledger/rules.js';
import { totalSupply } from '../../src/ledger/supply.js';
import { toHex } from '../../src/primitives/bytes.js';
import { Receipt, receiptCode } from '../../src/primitives/receipt.js';
import { Overlay } from '../../src/state/overlay.js';
import { recomputeRoot } from '../../src/state/recompute.js';
import { MapSource } from '../state/map-source.js';
import { CONTEXT, FEE, multiTransfer, NOW, PARAMETERS, person, transfer } from './build.js';
const test = suite('ledger histories');
const PEOPLE = 8;
const FUNDED = 4;
const FUNDS = 6n * FEE;
const amount = fc.oneof(fc.bigInt({ min: 0n, max: FUNDS / 2n }), fc.constantFrom(0n, 1n, (1n << 64n) - 1n));
const wish = fc.record({
    from: fc.nat(PEOPLE - 1),
    outputs: fc.array(fc.tuple(fc.nat(PEOPLE - 1), amount), { maxLength: 4 }),
    many: fc.boolean(),
    fee: fc.oneof({ weight: 4, arbitrary: fc.constantFrom(FEE, FEE / 2n) }, fc.bigInt({ min: 0n, max: FUNDS })),
    nonceShift: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, fc.integer({ min: -1, max: 1 })),
    validUntil: fc.constantFrom(0, 0, NOW, NOW - 1),
});
const blocks = fc.array(fc.array(wish, { maxLength: 15 }), { maxLength: 4 });
function envelopeOf({ from, outputs, many, fee, nonceShift, validUntil }, nonce) {
    const draft = { from, fee, validUntil, nonce: Math.max(0, nonce + nonceShift) };
    const [first] = outputs;
    return many || first === undefined ? multiTransfer(outputs, draft) : transfer(...first, draft);
}
/** A store and, beside it, every entry of the present state, so that supply can be counted at any moment. */
class Ledger {
    store = new MapSource();
    entries = new Map();
    overlay() {
        const overlay = new Overlay(this.store);
        const set = (key, value) => {
            overlay.set(key, value);
            this.entries.set(toHex(key), [key, value]);
        };
        return { overlay, state: { get: (key) => overlay.get(key), set } };
    }
}
const balances = (state) => Array.from({ length: PEOPLE }, (_, i) => getAccount(state, person(i).address));
test('over any history: supply is conserved, nonces only grow, no balance is negative, blocks repeat exactly', () => {
    const seen = new Set();
    fc.assert(fc.property(blocks, (history) => {
        const ledger = new Ledger();
        const genesis = ledger.overlay();
        const accounts = Array.from({ length: FUNDED }, (_, i) => ({ address: person(i).address, balance: FUNDS }));
        initializeState(genesis.state, {
            chainId: new Uint8Array(0),
            genesisTime: 0,
            mode: 0,
            parameters: PARAMETERS,
            validators: [],
            accounts,
        });
        genesis.overlay.seal();
        ledger.store.write(genesis.overlay.changes);
        const supply = FUNDS * BigInt(FUNDED);
        for (const [height, wishes] of history.entries()) {
            const context = { ...CONTEXT, timestamp: NOW + height - 1 };
            const { overlay, state } = ledger.overlay();
            const block = [];
            const receipts = [];
            for (const one of wishes) {
                const before = balances(state);
                const envelope = envelopeOf(one, before[one.from].nonce);
                const invalid = checkTransaction(state, envelope, context);
                seen.add(invalid ?? 'VALID');
                if (invalid !== undefined)
                    continue;
                const receipt = executeTransaction(state, envelope, context);
                seen.add(receiptCode(receipt));
                block.push(envelope);
                receipts.push(receipt);
                const after = balances(state);
                assert.is(totalSupply(ledger.entries.values()), supply);
                for (const [i, { balance, nonce }] of after.entries()) {
                    assert.ok(balance >= 0n);
                    assert.is(nonce, before[i].nonce + (i === one.from ? 1 : 0));
                }
                if (receiptCode(receipt) !== 'SUCCESS') {
                    const { balance } = before[one.from];
                    assert.is(after[one.from].balance, balance - one.fee);
                    assert.equal(after.filter((_, i) => i !== one.from), before.filter((_, i) => i !== one.from));
                }
            }
            const again = new Overlay(ledger.store);
            for (const [i, envelope] of block.entries()) {
                assert.is(checkTransaction(again, envelope, context), undefined);
                const receipt = executeTransaction(again, envelope, context);
                assert.equal(Receipt.serialize(receipt), Receipt.serialize(receipts[i]));
            }
            assert.equal(again.seal(), overlay.seal());
            ledger.store.write(overlay.changes);
            assert.equal(overlay.root, recomputeRoot(ledger.entries.values()));
        }
    }), { numRuns: 150, seed: 5 });
    for (const outcome of [
        'SUCCESS',
        'INSUFFICIENT_BALANCE',
        'ZERO_AMOUNT',
        'NO_OUTPUTS',
        'AMOUNT_OVERFLOW',
        'NONCE_TOO_LOW',
        'NONCE_TOO_HIGH',
        'EXPIRED',
        'FEE_TOO_LOW',
        'INSUFFICIENT_FUNDS_FOR_FEE',
    ]) {
        assert.ok(seen.has(outcome), `some history has ${outcome}`);
    }
});
test.run();
