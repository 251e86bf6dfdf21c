import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { deposit, EMPTY_POOL, slash, withdraw, withdrawAll, worth } from '../../src/ledger/pools.ts';
import { MILLION } from '../../src/primitives/parameters.ts';
import { MAX_AMOUNT } from '../../src/primitives/ssz.ts';

const test = suite('pools');

test('the first deposit makes a share of each unit, later ones what they are worth, rounded down', () => {
  assert.equal(deposit(EMPTY_POOL, 70n), { pool: { tokens: 70n, shares: 70n }, shares: 70n, tokens: 70n });
  const rich = { tokens: 300n, shares: 100n };
  assert.equal(deposit(rich, 9n), { pool: { tokens: 309n, shares: 103n }, shares: 3n, tokens: 9n });
  const slashed = { tokens: 100n, shares: 300n };
  assert.equal(deposit(slashed, 8n), { pool: { tokens: 108n, shares: 324n }, shares: 24n, tokens: 8n });
});

test('a deposit takes what its shares cost, rounded up, and not what is left of the units', () => {
  const rich = { tokens: 300n, shares: 100n };
  assert.equal(deposit(rich, 8n), { pool: { tokens: 306n, shares: 102n }, shares: 2n, tokens: 6n });
  const uneven = { tokens: 1_000n, shares: 3n };
  assert.equal(deposit(uneven, 999n), { pool: { tokens: 1_667n, shares: 5n }, shares: 2n, tokens: 667n });
  const oneShare = { tokens: 1_000_000n, shares: 1n };
  assert.equal(deposit(oneShare, 1_999_999n), {
    pool: { tokens: 2_000_000n, shares: 2n },
    shares: 1n,
    tokens: 1_000_000n,
  });
});

test('a deposit that is worth no share, or passes 64 bits, is refused', () => {
  assert.is(deposit({ tokens: 300n, shares: 100n }, 2n), undefined);
  assert.is(deposit({ tokens: MAX_AMOUNT, shares: 1n }, 1n), undefined);
  assert.is(deposit({ tokens: 1n, shares: MAX_AMOUNT }, 1n), undefined);
  assert.equal(deposit(EMPTY_POOL, MAX_AMOUNT)?.shares, MAX_AMOUNT);
  assert.is(deposit(EMPTY_POOL, 0n), undefined);
});

test('taking units out costs shares, rounded up, and pays all that they are worth', () => {
  const pool = { tokens: 300n, shares: 100n };
  assert.equal(withdraw(pool, 3n, 50n), {
    pool: { tokens: 297n, shares: 99n },
    shares: 1n,
    tokens: 3n,
  });
  assert.equal(withdraw(pool, 4n, 50n), { pool: { tokens: 294n, shares: 98n }, shares: 2n, tokens: 6n });
  assert.is(withdraw(pool, 150n, 50n)?.shares, 50n);
  assert.is(withdraw(pool, 151n, 50n), undefined);
  assert.is(withdraw(pool, 301n, 100n), undefined);
  assert.is(withdraw(EMPTY_POOL, 1n, 5n), undefined);
});

test('the last share takes all that is left', () => {
  assert.equal(withdraw({ tokens: 5n, shares: 2n }, 3n, 2n), { pool: EMPTY_POOL, shares: 2n, tokens: 5n });
  assert.equal(withdrawAll({ tokens: 5n, shares: 2n }, 2n), { pool: EMPTY_POOL, shares: 2n, tokens: 5n });
});

test('everything a holder has is rounded down, and what is left over stays with the others', () => {
  assert.equal(withdrawAll({ tokens: 10n, shares: 3n }, 1n), {
    pool: { tokens: 7n, shares: 2n },
    shares: 1n,
    tokens: 3n,
  });
  assert.equal(withdrawAll({ tokens: 1n, shares: 3n }, 1n), {
    pool: { tokens: 1n, shares: 2n },
    shares: 1n,
    tokens: 0n,
  });
  assert.equal(withdrawAll(EMPTY_POOL, 9n), { pool: EMPTY_POOL, shares: 9n, tokens: 0n });
});

test('a slash rounds down, and one of everything closes the pool', () => {
  assert.equal(slash({ tokens: 999n, shares: 5n }, 1_000), { pool: { tokens: 999n, shares: 5n }, taken: 0n });
  assert.equal(slash({ tokens: 1_000n, shares: 5n }, 1_000), { pool: { tokens: 999n, shares: 5n }, taken: 1n });
  assert.equal(slash({ tokens: 7n, shares: 5n }, MILLION), { pool: EMPTY_POOL, taken: 7n });
  assert.equal(slash(EMPTY_POOL, MILLION), { pool: EMPTY_POOL, taken: 0n });
});

const units = fc.oneof(
  fc.bigInt({ min: 1n, max: 50n }),
  fc.bigInt({ min: 1n, max: 10n ** 12n }),
  fc.bigInt({ min: 1n, max: MAX_AMOUNT / 4n }),
);
const pools = fc.record({ tokens: units, shares: units });

test('over any pool: in and out again never gains, and never takes from the others', () => {
  let accepted = 0;
  fc.assert(
    fc.property(pools, units, units, (pool, amount, part) => {
      const paid = deposit(pool, amount);
      if (paid === undefined) return;
      accepted += 1;
      const others = worth(pool, pool.shares);
      assert.is(paid.pool.shares - pool.shares, paid.shares);
      assert.is(paid.pool.tokens - pool.tokens, paid.tokens);
      assert.ok(paid.tokens <= amount);
      assert.ok(worth(paid.pool, paid.shares) <= paid.tokens);
      assert.ok(worth(paid.pool, paid.shares) >= paid.tokens - 1n, 'rounding costs a unit at most');
      assert.is(deposit(pool, paid.tokens)?.shares, paid.shares, 'the shares are not to be had for less');
      assert.ok(paid.tokens === 1n || (deposit(pool, paid.tokens - 1n)?.shares ?? 0n) < paid.shares);
      assert.ok(worth(paid.pool, pool.shares) >= others);

      const all = withdrawAll(paid.pool, paid.shares);
      assert.ok(all.tokens <= paid.tokens);
      assert.is(all.pool.tokens + all.tokens, paid.pool.tokens);
      assert.ok(all.pool.tokens >= pool.tokens);

      const some = withdraw(paid.pool, part, paid.shares);
      assert.is(
        some === undefined,
        part * paid.pool.shares > paid.shares * paid.pool.tokens,
        'exactly what it is worth',
      );
      if (some === undefined) return;
      assert.ok(some.tokens >= part);
      assert.ok(some.shares <= paid.shares);
      assert.is(some.pool.tokens + some.tokens, paid.pool.tokens);
      assert.ok(worth(some.pool, pool.shares) >= worth(paid.pool, pool.shares), 'nobody else loses');
      const after = some.tokens + worth(some.pool, paid.shares - some.shares);
      assert.ok(after <= paid.tokens);
      assert.ok(after >= paid.tokens - 2n, 'rounding costs a unit each way at most');
    }),
    { numRuns: 2_000, seed: 7 },
  );
  assert.ok(accepted > 500);
});

test('a pool that only deposits, slashes and full withdrawals have touched takes every unit', () => {
  const turn = fc.oneof(
    fc.record({ do: fc.constant('in' as const), amount: fc.bigInt({ min: 1n, max: 1n << 40n }) }),
    fc.record({
      do: fc.constant('slash' as const),
      ppm: fc.oneof(fc.constant(50_000), fc.integer({ min: 0, max: MILLION })),
    }),
    fc.record({ do: fc.constant('out' as const), holder: fc.nat(5) }),
  );
  let taken = 0;
  fc.assert(
    fc.property(fc.array(turn, { maxLength: 20, size: 'max' }), (turns) => {
      let pool = EMPTY_POOL;
      let holders: bigint[] = [];
      for (const one of turns) {
        if (one.do === 'in') {
          const paid = deposit(pool, one.amount);
          if (paid === undefined) continue;
          if (pool.tokens < pool.shares) taken += 1;
          assert.is(paid.tokens, one.amount);
          pool = paid.pool;
          holders.push(paid.shares);
        } else if (one.do === 'slash') pool = slash(pool, one.ppm).pool;
        else {
          const [shares] = holders.splice(one.holder, 1);
          if (shares !== undefined) pool = withdrawAll(pool, shares).pool;
        }
        if (pool.shares === 0n) holders = [];
        assert.ok(pool.tokens <= pool.shares);
      }
    }),
    { numRuns: 500, seed: 9 },
  );
  assert.ok(taken > 100, 'also when a share is worth less than a unit');
});

test('over any pool: a slash takes its part from everybody alike and never more than there is', () => {
  fc.assert(
    fc.property(pools, fc.integer({ min: 0, max: MILLION }), (pool, ppm) => {
      const { pool: after, taken } = slash(pool, ppm);
      assert.ok(taken >= 0n && taken <= pool.tokens);
      assert.ok(taken * BigInt(MILLION) <= pool.tokens * BigInt(ppm));
      assert.is(after.tokens, pool.tokens - taken);
      assert.is(after.shares, after.tokens === 0n ? 0n : pool.shares);
    }),
    { numRuns: 1_000, seed: 8 },
  );
});

test.run();
