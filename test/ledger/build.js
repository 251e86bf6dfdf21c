// What the tests of the ledger are made of: states in a map, transactions without real signatures, parameters.
import { setAccount } from '../../src/ledger/accounts.js';
import { addressOf } from '../../src/primitives/address.js';
import { toHex } from '../../src/primitives/bytes.js';
import { encodeTransaction, } from '../../src/primitives/transaction.js';
export const PARAMETERS = {
    minFee: 1000n,
    feePerByte: 10n,
    accountFee: 50000n,
    maxBlockBytes: 1 << 20,
    blockTime: 1_000,
    minBlockInterval: 20,
    messageDelay: 250,
    executionAllowance: 500,
    timerCap: 20_000,
    resendInterval: 2_000,
};
export const FREE = { ...PARAMETERS, minFee: 0n, feePerByte: 0n, accountFee: 0n };
export const NOW = 1_700_000_000_000;
export const CONTEXT = { parameters: PARAMETERS, timestamp: NOW };
/** Enough for every small transaction here and two new accounts. */
export const FEE = 200000n;
export class MapState {
    #entries = new Map();
    /** how often `get` was called */
    reads = 0;
    get(key) {
        this.reads++;
        return this.#entries.get(toHex(key))?.[1];
    }
    set(key, value) {
        this.#entries.set(toHex(key), [key, value]);
    }
    entries() {
        return this.#entries.values();
    }
    /** Every entry as text, to compare states. */
    dump() {
        return Object.fromEntries([...this.#entries].map(([key, [, value]]) => [key, toHex(value)]));
    }
}
/** A state in which the first addresses of `person` have these balances. */
export function stateWith(...balances) {
    const state = new MapState();
    for (const [i, balance] of balances.entries())
        setAccount(state, person(i).address, { balance, nonce: 0 });
    return state;
}
export function person(index) {
    const publicKey = new Uint8Array(32).fill(index + 1);
    return { publicKey, address: addressOf(publicKey) };
}
export function transfer(to, amount, draft = {}) {
    const memo = draft.memo ?? new Uint8Array(0);
    return envelope({ selector: 0, value: { to: person(to).address, amount, memo } }, draft);
}
export function multiTransfer(outputs, draft = {}) {
    const value = outputs.map(([to, amount]) => ({ to: person(to).address, amount }));
    return envelope({ selector: 1, value: { outputs: value, memo: draft.memo ?? new Uint8Array(0) } }, draft);
}
function envelope(action, { from = 0, nonce = 0, fee = FEE, validUntil = 0 }) {
    const transaction = { sender: person(from).publicKey, nonce, fee, validUntil, action };
    return encodeTransaction({ transaction, signature: new Uint8Array(64) });
}
