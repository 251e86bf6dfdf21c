import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { getAccount, getFeePool, setAccount, setFeePool } from '../../src/ledger/accounts.ts';
import type { BlockContext } from '../../src/ledger/block.ts';
import { TOTAL_WEIGHT } from '../../src/ledger/election.ts';
import { punishEquivocation } from '../../src/ledger/equivocation.ts';
import { castVote, propose } from '../../src/ledger/governance.ts';
import { newLateVotes } from '../../src/ledger/late-votes.ts';
import { activity, epochRange, epochs, proposals, stakes, validators } from '../../src/ledger/records.ts';
import { register, unjail } from '../../src/ledger/registration.ts';
import { ownStake } from '../../src/ledger/stakes.ts';
import { stake, unstake } from '../../src/ledger/staking.ts';
import { expectedSupply, getSupply, totalSupply } from '../../src/ledger/supply.ts';
import { STATE_NAMESPACES } from '../../src/primitives/account.ts';
import { compareBytes, equalBytes } from '../../src/primitives/bytes.ts';
import { publicKeyOf } from '../../src/primitives/ed25519.ts';
import { EpochRecord } from '../../src/primitives/epoch.ts';
import { votePair } from '../../src/primitives/evidence.ts';
import { CONSENSUS_MODES, type ConsensusMode } from '../../src/primitives/genesis.ts';
import { APPLIED, CHANGE_TYPES, type Change, YES } from '../../src/primitives/governance.ts';
import { sha256 } from '../../src/primitives/hash.ts';
import { MILLION } from '../../src/primitives/parameters.ts';
import { ACTIVE, AUTHORITY, JAILED, TOMBSTONED } from '../../src/primitives/staking.ts';
import { totalWeight, validatorsRoot } from '../../src/primitives/validators.ts';
import { person } from './build.ts';
import { Chain, lateVote } from './epochs.ts';

const test = suite('histories of epochs');
const AIT = 1_000_000_000n;
const PEOPLE = 10;
const AUTHORITIES = [0, 1, 2];
const STAKERS = [3, 4, 5, 6];
const BLOCKS_PER_EPOCH = 12;
/** that are voted on */
const PROPOSALS = 3;
/** Keys for authorities that governance adds: it looks whether they are points. */
const NEW_KEYS = Array.from({ length: PEOPLE }, (_, index) => publicKeyOf(new Uint8Array(32).fill(100 + index)));
const ENOUGH = 1 << 20;

const DEEDS = ['stake', 'unstake', 'leave', 'unjail', 'report', 'register', 'fee', 'propose', 'vote'] as const;

interface Wish {
  readonly deed: (typeof DEEDS)[number];
  readonly from: number;
  readonly to: number;
  readonly amount: bigint;
  readonly epochsAgo: number;
}

interface Turn {
  /** persons whose votes are not in the certificate, and of them those whose votes come late */
  readonly away: readonly number[];
  readonly late: readonly number[];
  readonly slots: number;
  readonly after: number;
  readonly wishes: readonly Wish[];
}

const anyone = fc.integer({ min: 0, max: PEOPLE - 1 });
const wish: fc.Arbitrary<Wish> = fc.record({
  deed: fc.constantFrom(...DEEDS),
  from: anyone,
  to: anyone,
  amount: fc.oneof(fc.bigInt({ min: 1n, max: 1_000n }), fc.bigInt({ min: 1n, max: 5n * AIT })),
  epochsAgo: fc.integer({ min: 0, max: 4 }),
});
const turn: fc.Arbitrary<Turn> = fc.record({
  away: fc.oneof(fc.constant([]), fc.constant([0, 3]), fc.subarray([...Array(PEOPLE).keys()])),
  late: fc.subarray([0, 3, 4]),
  slots: fc.integer({ min: 1, max: 4 }),
  after: fc.constantFrom(500, 1_000, 1_000, 1_000, 9_000),
  wishes: fc.array(wish, { maxLength: 5 }),
});
const history = fc.record({
  mode: fc.constantFrom<ConsensusMode>('poa', 'pos', 'hybrid'),
  parameters: fc.record({
    proposerBonus: fc.integer({ min: 0, max: MILLION }),
    epochReward: fc.constantFrom(0n, 1n, 7_000_003n),
    authorityShare: fc.constantFrom(340_000, 500_000, 700_000),
    targetBonded: fc.constantFrom(10n * AIT, 100n * AIT),
    maxStakers: fc.constantFrom(3, 100),
    minValidators: fc.integer({ min: 1, max: 6 }),
  }),
  commission: fc.integer({ min: 0, max: MILLION }),
  turns: fc.array(turn, { minLength: 3 * BLOCKS_PER_EPOCH, maxLength: 6 * BLOCKS_PER_EPOCH }),
});

function beginning({ mode, parameters, commission }: { mode: ConsensusMode; parameters: object; commission: number }) {
  const durations = {
    epochDuration: BLOCKS_PER_EPOCH * 1_000,
    blockTime: 10,
    evidenceWindow: 24_000,
    unbondingPeriod: 48_000,
  };
  return {
    mode,
    authorities: mode === 'pos' ? [] : AUTHORITIES,
    stakers: mode === 'poa' ? [] : STAKERS.map((index) => [index, BigInt(index) * AIT] as const),
    commission,
    balances: [...Array(PEOPLE).keys()].map((index) => [index, 20n * AIT] as const),
    parameters: { ...parameters, ...durations, minSelfBond: AIT, minStake: 1n },
  };
}

/** @returns what came of it */
function perform(chain: Chain, { deed, from, to, amount, epochsAgo }: Wish, context: BlockContext): string {
  const { state } = chain;
  const { address, publicKey } = person(from);
  const validator = person(to).address;
  switch (deed) {
    case 'stake':
      return stake(state, address, { validator, amount }, context);
    case 'unstake':
      return unstake(state, address, { validator, amount }, context);
    case 'leave':
      return unstake(state, address, { validator: address, amount: 0n }, context);
    case 'unjail':
      return unjail(state, address, { validator: address }, context);
    case 'register': {
      const proof = new Uint8Array(64);
      return register(state, address, { publicKey, commission: 0, selfBond: amount + AIT, proof }, context);
    }
    case 'report': {
      const epoch = epochs.find(state, context.epoch.epoch - epochsAgo);
      if (epoch === undefined) return 'no such epoch';
      const vote = (byte: number) => ({ kind: 0, hash: sha256(Uint8Array.of(byte)), signature: new Uint8Array(64) });
      const evidence = {
        epoch: epoch.epoch,
        validatorsRoot: validatorsRoot(epoch.validators),
        publicKey: person(to).publicKey,
        slot: 1,
        messages: votePair(vote(1), vote(2)),
      };
      // Rare, or nobody would be left.
      if (amount % 4n !== 0n) return 'not reported';
      const before = validators.find(state, validator)?.status;
      const code = punishEquivocation(state, address, { evidence }, context);
      if (code !== 'SUCCESS') return code;
      assert.is(punishEquivocation(state, address, { evidence }, context), 'ALREADY_PUNISHED');
      return before === TOMBSTONED ? 'SUCCESS again' : code;
    }
    case 'propose': {
      const added = { address: validator, publicKey: NEW_KEYS[to] ?? publicKey };
      const change: Change =
        amount % 2n === 0n ? { selector: 0, value: added } : { selector: 1, value: { address: validator } };
      const proposer = context.epoch.validators[from % context.epoch.validators.length]?.address ?? address;
      return propose(state, proposer, { epoch: 0, change }, context);
    }
    case 'vote': {
      // All agree: by chance two thirds hardly ever do.
      const proposal = Number(amount % BigInt(PROPOSALS)) + 1;
      const codes = context.epoch.validators.map((member) =>
        castVote(state, member.address, { proposal, choice: YES }, context),
      );
      return codes.join();
    }
    case 'fee': {
      const { balance, nonce } = getAccount(state, address);
      const fee = amount < balance ? amount : balance;
      setAccount(state, address, { balance: balance - fee, nonce });
      setFeePool(state, getFeePool(state) + fee);
      return 'FEE';
    }
  }
}

function voters(chain: Chain, away: readonly number[]): number[] {
  const members = [...chain.epoch.validators.keys()];
  const absent = new Set(away.map((index) => chain.member(index)));
  return members.filter((member) => !absent.has(member));
}

function addTurn(chain: Chain, { away, late, slots, after, wishes }: Turn, seen: Set<string>): void {
  const { newest } = chain;
  const candidates = late.map((index) => lateVote(previous.get(chain) ?? newest, chain.member(index)));
  const lateVotes = newLateVotes(
    chain.state,
    candidates.filter(({ member }) => member >= 0),
    ENOUGH,
  );
  if (lateVotes.length > 0) seen.add('late votes');
  chain.add({
    voters: voters(chain, away),
    slots,
    after,
    lateVotes,
    within: (context) => {
      for (const wish of wishes) seen.add(`${wish.deed} ${perform(chain, wish, context)}`);
    },
  });
  previous.set(chain, newest);
}

/** The parent of a chain's newest block: late votes are for it. */
const previous = new WeakMap<Chain, Chain['newest']>();

/** Every unit is somewhere, and every pool is its delegators'. */
function assertWhole(chain: Chain): void {
  const { state } = chain;
  assert.is(totalSupply(state.entries()), expectedSupply(getSupply(state)));
  const shares = new Map<string, bigint>();
  for (let index = 0; index < PEOPLE; index++) {
    for (const delegation of stakes.find(state, person(index).address)?.delegations ?? []) {
      const key = delegation.validator.join();
      shares.set(key, (shares.get(key) ?? 0n) + delegation.shares);
    }
  }
  for (const [key, value] of state.entries()) {
    if (key[0] !== STATE_NAMESPACES.validator) continue;
    const { pool } = validators.decode(value);
    assert.is(pool.tokens === 0n, pool.shares === 0n, 'a pool is closed wholly');
    if (pool.shares > 0n) assert.is(shares.get(key.slice(1).join()), pool.shares);
  }
}

function statuses(chain: Chain): number[] {
  return chain.epoch.validators.map(({ address }) => validators.get(chain.state, address).status);
}

/** @param closed the epoch that has ended @param before its members' statuses before its last block */
function assertBoundary(chain: Chain, closed: EpochRecord, before: readonly number[], seen: Set<string>): void {
  const { state } = chain;
  const { validators: set, epoch, mode, parameters } = chain.epoch;
  assert.is(epoch, closed.epoch + 1);
  assert.equal(
    set,
    set.toSorted((a, b) => compareBytes(a.publicKey, b.publicKey)),
  );
  assert.is(activity.get(state).members.length, set.length);
  assert.is(epochRange.get(state).current, epoch);

  const continued = set.every((one) => closed.validators.some((old) => equalBytes(old.publicKey, one.publicKey)));
  const now = statuses(chain);
  if (set.length < parameters.minValidators || now.some((status) => status !== ACTIVE)) {
    seen.add('the present set continues');
    assert.ok(continued, 'only a set that continues is too small or has members without a right to their seat');
  }
  if (!continued) assert.is(totalWeight(set), CONSENSUS_MODES[mode] === 'poa' ? set.length : TOTAL_WEIGHT);
  if (now.includes(TOMBSTONED)) assert.ok(now.every((status) => status === TOMBSTONED));
  const entitled = set.filter(({ address }) => {
    const { role, status } = validators.get(state, address);
    return status !== TOMBSTONED && (role === AUTHORITY || ownStake(state, address) >= parameters.minSelfBond);
  });
  if (entitled.length === 0) seen.add('nobody has a right to a seat');
  else assert.is(entitled.length, set.length, 'who has nothing at stake votes with others like it only');

  for (let id = 1; id <= PROPOSALS; id++) {
    const proposal = proposals.find(state, id);
    if (proposal?.status === APPLIED) seen.add(`applied ${CHANGE_TYPES[proposal.change.selector]}`);
  }

  const jailed = closed.validators.filter(
    ({ address }, member) => before[member] === ACTIVE && validators.get(state, address).status === JAILED,
  );
  if (jailed.length > 0) seen.add('jailed');
  assert.ok(totalWeight(jailed) <= Math.floor((totalWeight(closed.validators) - 1) / 3));
}

test('conserve every unit, elect whole weights, and are the same again', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(history, ({ turns, ...rest }) => {
      const chain = new Chain(beginning(rest));
      const again = new Chain(beginning(rest));
      for (const one of turns) {
        const present = chain.epoch;
        const { minted } = getSupply(chain.state);
        const before = statuses(chain);
        addTurn(chain, one, seen);
        addTurn(again, one, seen);
        assertWhole(chain);
        const made = getSupply(chain.state).minted - minted;
        if (chain.epoch.epoch === present.epoch) assert.is(made, 0n);
        else {
          assert.is(made, rest.parameters.epochReward);
          assertBoundary(chain, present, before, seen);
        }
      }
      assert.equal(again.state.dump(), chain.state.dump());
      // What is handed out for many readers was changed by none.
      const bytes = chain.state.get(epochs.key(chain.epoch.epoch)) ?? new Uint8Array(0);
      assert.equal(chain.epoch, EpochRecord.deserialize(bytes));
    }),
    { numRuns: 60, seed: 8 },
  );
  for (const outcome of [
    'jailed',
    'late votes',
    'the present set continues',
    'nobody has a right to a seat',
    'stake SUCCESS',
    'unstake SUCCESS',
    'leave SUCCESS',
    'unjail SUCCESS',
    'register SUCCESS',
    'propose SUCCESS',
    'applied ADD_AUTHORITY',
    'applied REMOVE_AUTHORITY',
    'report SUCCESS',
    'report SUCCESS again',
    'report NOT_A_MEMBER',
    'report EVIDENCE_TOO_OLD',
  ])
    assert.ok(seen.has(outcome), `some history has: ${outcome}`);
});

test.run();
