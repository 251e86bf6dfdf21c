import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { getAccount, type LedgerState } from '../../src/ledger/accounts.ts';
import { executeTransaction } from '../../src/ledger/execute.ts';
import { initializeState } from '../../src/ledger/genesis.ts';
import { checkTransaction } from '../../src/ledger/rules.ts';
import { totalSupply } from '../../src/ledger/supply.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import { Receipt, type ReceiptCode, receiptCode } from '../../src/primitives/receipt.ts';
import type { TransactionEnvelope } from '../../src/primitives/transaction.ts';
import { Overlay } from '../../src/state/overlay.ts';
import { recomputeRoot } from '../../src/state/recompute.ts';
import { MapSource } from '../state/map-source.ts';
import { contextOf, EPOCH, FEE, genesisOf, multiTransfer, NOW, person, transfer } from './build.ts';

const test = suite('ledger histories');
const PEOPLE = 8;
const FUNDED = 4;
const FUNDS = 6n * FEE;

/** What somebody wants to do; its nonce is right but for `nonceShift`. */
interface Wish {
  readonly from: number;
  readonly outputs: readonly (readonly [number, bigint])[];
  readonly many: boolean;
  readonly fee: bigint;
  readonly nonceShift: number;
  readonly validUntil: number;
}

const amount = fc.oneof(fc.bigInt({ min: 0n, max: FUNDS / 2n }), fc.constantFrom(0n, 1n, (1n << 64n) - 1n));
const wish: fc.Arbitrary<Wish> = fc.record({
  from: fc.nat(PEOPLE - 1),
  outputs: fc.array(fc.tuple(fc.nat(PEOPLE - 1), amount), { maxLength: 4 }),
  many: fc.boolean(),
  fee: fc.oneof({ weight: 4, arbitrary: fc.constantFrom(FEE, FEE / 2n) }, fc.bigInt({ min: 0n, max: FUNDS })),
  nonceShift: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, fc.integer({ min: -1, max: 1 })),
  validUntil: fc.constantFrom(0, 0, NOW, NOW - 1),
});
const blocks = fc.array(fc.array(wish, { maxLength: 15 }), { maxLength: 4 });

function envelopeOf({ from, outputs, many, fee, nonceShift, validUntil }: Wish, nonce: number): TransactionEnvelope {
  const draft = { from, fee, validUntil, nonce: Math.max(0, nonce + nonceShift) };
  const [first] = outputs;
  return many || first === undefined ? multiTransfer(outputs, draft) : transfer(...first, draft);
}

/** A store and, beside it, every entry of the present state, so that supply can be counted at any moment. */
class Ledger {
  readonly store = new MapSource();
  readonly entries = new Map<string, [Uint8Array, Uint8Array]>();

  overlay(): { overlay: Overlay; state: LedgerState } {
    const overlay = new Overlay(this.store);
    const set = (key: Uint8Array, value: Uint8Array) => {
      overlay.set(key, value);
      this.entries.set(toHex(key), [key, value]);
    };
    const remove = (key: Uint8Array) => {
      overlay.delete(key);
      this.entries.delete(toHex(key));
    };
    return { overlay, state: { get: (key) => overlay.get(key), set, delete: remove } };
  }
}

const balances = (state: LedgerState) => Array.from({ length: PEOPLE }, (_, i) => getAccount(state, person(i).address));

test('over any history: supply is conserved, nonces only grow, no balance is negative, blocks repeat exactly', () => {
  const seen = new Set<ReceiptCode | string>();
  fc.assert(
    fc.property(blocks, (history) => {
      const ledger = new Ledger();
      const genesis = ledger.overlay();
      initializeState(genesis.state, genesisOf(Array.from({ length: FUNDED }, (_, i) => [i, FUNDS])));
      genesis.overlay.seal();
      ledger.store.write(genesis.overlay.changes);
      const supply = FUNDS * BigInt(FUNDED);

      for (const [height, wishes] of history.entries()) {
        const context = contextOf(EPOCH, NOW + height - 1);
        const { overlay, state } = ledger.overlay();
        const block: TransactionEnvelope[] = [];
        const receipts: Receipt[] = [];
        for (const one of wishes) {
          const before = balances(state);
          const envelope = envelopeOf(one, (before[one.from] as { nonce: number }).nonce);
          const invalid = checkTransaction(state, envelope, context);
          seen.add(invalid ?? 'VALID');
          if (invalid !== undefined) continue;
          const receipt = executeTransaction(state, envelope, context);
          seen.add(receiptCode(receipt));
          block.push(envelope);
          receipts.push(receipt);
          const after = balances(state);
          assert.is(totalSupply(ledger.entries.values()), supply);
          for (const [i, { balance, nonce }] of after.entries()) {
            assert.ok(balance >= 0n);
            assert.is(nonce, (before[i] as { nonce: number }).nonce + (i === one.from ? 1 : 0));
          }
          if (receiptCode(receipt) !== 'SUCCESS') {
            const { balance } = before[one.from] as { balance: bigint };
            assert.is((after[one.from] as { balance: bigint }).balance, balance - one.fee);
            assert.equal(
              after.filter((_, i) => i !== one.from),
              before.filter((_, i) => i !== one.from),
            );
          }
        }

        const again = new Overlay(ledger.store);
        for (const [i, envelope] of block.entries()) {
          assert.is(checkTransaction(again, envelope, context), undefined);
          const receipt = executeTransaction(again, envelope, context);
          assert.equal(Receipt.serialize(receipt), Receipt.serialize(receipts[i] as Receipt));
        }
        assert.equal(again.seal(), overlay.seal());
        ledger.store.write(overlay.changes);
        assert.equal(overlay.root, recomputeRoot(ledger.entries.values()));
      }
    }),
    { numRuns: 150, seed: 5 },
  );
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
