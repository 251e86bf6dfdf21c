// Vectors of what decides about validators: elections, rewards, and the arithmetic of pools.

import { elect } from '../../src/ledger/election.ts';
import { owedFor } from '../../src/ledger/equivocation.ts';
import { deposit, slash, withdraw, withdrawAll } from '../../src/ledger/pools.ts';
import { authorities, candidates, stakes, validators } from '../../src/ledger/records.ts';
import { rewardsOf } from '../../src/ledger/rewards.ts';
import { commissionIn, newValidator, withCommission } from '../../src/ledger/validator-record.ts';
import { formatAddress } from '../../src/primitives/address.ts';
import { compareBytes, toHex } from '../../src/primitives/bytes.ts';
import { Activity, type EpochRecord } from '../../src/primitives/epoch.ts';
import { CONSENSUS_MODES, type ConsensusMode } from '../../src/primitives/genesis.ts';
import { type JsonValue, toJson } from '../../src/primitives/json.ts';
import { Parameters } from '../../src/primitives/parameters.ts';
import { MAX_AMOUNT } from '../../src/primitives/ssz.ts';
import {
  ACTIVE,
  AUTHORITY,
  JAILED,
  Pool,
  STAKER,
  TOMBSTONED,
  VALIDATOR_ROLES,
  VALIDATOR_STATUSES,
} from '../../src/primitives/staking.ts';
import { Validator, validatorsRoot } from '../../src/primitives/validators.ts';
import { GENESIS, type Key, keyOf } from './fixture.ts';
import { FlatState } from './flat-state.ts';

interface Registered {
  readonly key: Key;
  readonly role: number;
  readonly status: number;
  readonly pool: Pool;
  /** of the pool */
  readonly ownShares: bigint;
}

interface Election {
  readonly name: string;
  readonly mode: ConsensusMode;
  readonly parameters?: Partial<Parameters>;
  readonly registered: readonly Registered[];
  readonly present?: readonly Validator[];
}

const NOBODY = { tokens: 0n, shares: 0n };

function authority(seed: number, status: number = ACTIVE): Registered {
  return { key: keyOf(seed), role: AUTHORITY, status, pool: NOBODY, ownShares: 0n };
}

/** With as many shares as tokens, all its own. */
function staker(seed: number, tokens: bigint, other: Partial<Registered> = {}): Registered {
  const pool = { tokens, shares: tokens };
  return { key: keyOf(seed), role: STAKER, status: ACTIVE, pool, ownShares: tokens, ...other };
}

/** In epochs of a hundred block times a staked seat needs 20,000 of a million. */
const SHORT: Partial<Parameters> = {
  epochDuration: 100_000,
  minSelfBond: 5n,
  targetBonded: 1_000n,
  authorityShare: 500_000,
};

function seat({ publicKey, address }: Key, weight: number): Validator {
  return { publicKey, address, weight };
}

const ELECTIONS: readonly Election[] = [
  {
    name: 'poa: three authorities, one of them jailed',
    mode: 'poa',
    registered: [authority(31), authority(32), authority(33, JAILED), authority(34)],
  },
  {
    name: 'pos: three equal stakers; the unit that is left over goes to the lowest address',
    mode: 'pos',
    registered: [staker(41, 7_000_000_000n), staker(42, 7_000_000_000n), staker(43, 7_000_000_000n)],
  },
  {
    name: 'pos: largest remainders',
    mode: 'pos',
    registered: [staker(41, 3_000_000_000n), staker(42, 10_000_000_000n), staker(43, 17_000_000_001n)],
  },
  {
    name: 'pos: the most staked within max_stakers, ties to the lower address',
    mode: 'pos',
    parameters: { maxStakers: 2 },
    registered: [staker(41, 2_000_000_000n), staker(42, 9_000_000_000n), staker(43, 2_000_000_000n)],
  },
  {
    name: 'pos: own stake counts in units, after a slash less than in shares; jailed ones are not elected',
    mode: 'pos',
    registered: [
      staker(41, 4_000_000_000n, { ownShares: 1_000_000_000n }),
      staker(42, 3_800_000_000n, {
        pool: { tokens: 3_800_000_000n, shares: 4_000_000_000n },
        ownShares: 1_000_000_000n,
      }),
      staker(43, 90_000_000_000n, { status: JAILED }),
      staker(44, 1_000_000_000n),
    ],
  },
  {
    name: 'hybrid: the example of the page',
    mode: 'hybrid',
    parameters: SHORT,
    registered: [authority(31), authority(32), staker(41, 300n), staker(42, 100n), staker(43, 5n)],
  },
  {
    name: 'hybrid: more bonded than aimed at',
    mode: 'hybrid',
    parameters: { ...SHORT, authorityShare: 340_000 },
    registered: [authority(31), authority(32), authority(33), staker(41, 900n), staker(42, 700n)],
  },
  {
    name: 'hybrid: stakers too light for any seat',
    mode: 'hybrid',
    parameters: SHORT,
    registered: [authority(31), authority(32), authority(33), staker(41, 20n), staker(42, 10n)],
  },
  {
    name: 'hybrid: without authorities the stakers have all',
    mode: 'hybrid',
    parameters: SHORT,
    registered: [authority(31, JAILED), staker(41, 300n), staker(42, 100n)],
  },
  {
    name: 'fewer than min_validators: the present set continues without the tombstoned',
    mode: 'pos',
    parameters: { minValidators: 3 },
    registered: [
      staker(41, 5_000_000_000n),
      staker(42, 5_000_000_000n, { status: TOMBSTONED }),
      staker(43, 5_000_000_000n, { status: JAILED }),
    ],
    present: [seat(keyOf(41), 400_000), seat(keyOf(42), 350_000), seat(keyOf(43), 250_000)],
  },
  {
    name: 'fewer than min_validators: nobody else is in the present set',
    mode: 'pos',
    parameters: { minValidators: 2 },
    registered: [staker(41, 5_000_000_000n), staker(42, 5_000_000_000n, { status: TOMBSTONED })],
    present: [seat(keyOf(42), 1_000_000)],
  },
  {
    name: 'fewer than min_validators: of the present set nobody continues who has too little of its own at stake',
    mode: 'hybrid',
    parameters: { ...SHORT, minValidators: 6 },
    registered: [
      authority(31, JAILED),
      // was an authority
      staker(32, 0n),
      staker(41, 300n, { status: JAILED }),
      staker(42, 300n, { ownShares: 4n }),
      staker(43, 300n, { pool: { tokens: 299n, shares: 300n }, ownShares: 5n }),
      staker(44, 0n),
      staker(45, 300n, { ownShares: 5n }),
      staker(46, 300n),
    ],
    present: [31, 32, 41, 42, 43, 44, 45].map((seed) => seat(keyOf(seed), 100_000 + seed)),
  },
  {
    name: 'fewer than min_validators: of the present set stakers weigh what is staked on them now, and who weighs nothing leaves',
    mode: 'hybrid',
    parameters: { ...SHORT, minValidators: 7 },
    registered: [
      authority(31),
      staker(41, 1_000_003n, { status: JAILED }),
      staker(42, 2_000_001n),
      staker(43, 5n),
      staker(44, 1_000_003n),
      staker(45, 2_000_001n, { status: TOMBSTONED }),
    ],
    present: [31, 41, 42, 43, 44, 45].map((seed) => seat(keyOf(seed), 100_000 + seed)),
  },
  {
    name: 'fewer than min_validators: nobody in the present set has enough at stake',
    mode: 'pos',
    parameters: { ...SHORT, minValidators: 2 },
    registered: [
      staker(41, 300n, { ownShares: 4n }),
      staker(42, 300n, { status: TOMBSTONED }),
      staker(43, 0n),
      staker(44, 300n),
    ],
    present: [seat(keyOf(41), 400_000), seat(keyOf(42), 350_000), seat(keyOf(43), 250_000)],
  },
];

function electionVector({ name, mode, parameters, registered, present = [] }: Election): JsonValue {
  const all = { ...GENESIS.parameters, ...parameters };
  const state = new FlatState();
  for (const { key, role, status, pool, ownShares } of registered) {
    const { publicKey, address } = key;
    validators.set(state, { ...newValidator(publicKey, role, 0), status, pool }, address);
    if (ownShares > 0n) {
      stakes.set(state, { delegations: [{ validator: address, shares: ownShares }], unbonding: [] }, address);
    }
  }
  const listed = (wanted: number) =>
    registered
      .filter(({ role, status, pool }) => role === wanted && status !== TOMBSTONED && (role === AUTHORITY || pool.shares > 0n))
      .map(({ key }) => key.address)
      .sort(compareBytes);
  candidates.set(state, listed(STAKER));
  authorities.set(state, listed(AUTHORITY));
  const sorted = [...present].sort((a, b) => compareBytes(a.publicKey, b.publicKey));
  const elected = elect(state, { mode: CONSENSUS_MODES.indexOf(mode), parameters: all }, sorted);
  return {
    name,
    mode,
    parameters: toJson(Parameters, all),
    registered: registered.map(({ key, role, status, pool, ownShares }) => ({
      address: formatAddress(key.address),
      public_key: toHex(key.publicKey),
      role: VALIDATOR_ROLES[role] ?? '',
      status: VALIDATOR_STATUSES[status] ?? '',
      pool: toJson(Pool, pool),
      own_shares: ownShares.toString(),
    })),
    present: sorted.map((validator) => toJson(Validator, validator)),
    elected: elected.map((validator) => toJson(Validator, validator)),
    validators_root: toHex(validatorsRoot(elected)),
  };
}

const POOLS: readonly Pool[] = [
  { tokens: 0n, shares: 0n },
  { tokens: 1_000n, shares: 1_000n },
  { tokens: 2_000n, shares: 999n },
  { tokens: 3_601n, shares: 9n },
  { tokens: 997n, shares: 1_000n },
  { tokens: MAX_AMOUNT - 5n, shares: 7n },
];

function stakeVectors(): JsonValue {
  return POOLS.flatMap((pool) =>
    [1n, 2n, 1_000n].map((amount) => {
      const done = deposit(pool, amount);
      return {
        pool: toJson(Pool, pool),
        amount: amount.toString(),
        after: done === undefined ? null : toJson(Pool, done.pool),
        shares: (done?.shares ?? 0n).toString(),
        tokens: (done?.tokens ?? 0n).toString(),
      };
    }),
  );
}

/** By whom all shares, or some, are held. */
function unstakeVectors(): JsonValue {
  return POOLS.slice(1).flatMap((pool) =>
    [pool.shares, pool.shares - 1n, 5n].flatMap((held) =>
      [0n, 1n, 996n, pool.tokens].map((amount) => {
        const done = amount === 0n ? withdrawAll(pool, held) : withdraw(pool, amount, held);
        return {
          pool: toJson(Pool, pool),
          held: held.toString(),
          amount: amount.toString(),
          after: done === undefined ? null : toJson(Pool, done.pool),
          shares: (done?.shares ?? 0n).toString(),
          tokens: (done?.tokens ?? 0n).toString(),
        };
      }),
    ),
  );
}

function slashVectors(): JsonValue {
  return POOLS.slice(1).flatMap((pool) =>
    [1_000, 50_000, 1_000_000].map((millionths) => {
      const { pool: after, taken } = slash(pool, millionths);
      return { pool: toJson(Pool, pool), millionths, after: toJson(Pool, after), taken: taken.toString() };
    }),
  );
}

/** Two members that were always there, one that came and went, one that was away, and one whose blocks recorded nothing. */
const ACTIVITY: Activity = {
  blocks: 7,
  members: [
    { participated: 7, proposed: 3, missed: 0, recorded: 410_000n },
    { participated: 4, proposed: 2, missed: 1, recorded: 123_456n },
    { participated: 0, proposed: 0, missed: 2, recorded: 0n },
    { participated: 7, proposed: 2, missed: 0, recorded: 0n },
  ],
  recent: [],
};
const MEMBERS = [334_001, 333_333, 212_666, 120_000].map((weight, index) => seat(keyOf(51 + index), weight));
const POTS = [0n, 1n, 1_000n, 12_345_678_901n, MAX_AMOUNT];

function rewardVectors(): JsonValue {
  const idle = { ...ACTIVITY, members: ACTIVITY.members.map((member) => ({ ...member, recorded: 0n })) };
  return [ACTIVITY, idle].flatMap((activity) =>
    POTS.map((pot) => {
      const epoch: EpochRecord = {
        epoch: 1,
        mode: CONSENSUS_MODES.indexOf('pos'),
        start: GENESIS.genesisTime,
        startHeight: 0,
        protocolVersion: 1,
        parameters: GENESIS.parameters,
        validators: MEMBERS,
      };
      return {
        pot: pot.toString(),
        proposer_bonus: GENESIS.parameters.proposerBonus,
        weights: MEMBERS.map(({ weight }) => weight),
        activity: toJson(Activity, activity),
        rewards: rewardsOf(pot, epoch, activity).map(String),
      };
    }),
  );
}

/** A registration and the updates after it, in the order of the epochs in which they are made. */
const COMMISSIONS: readonly { registered: number; updates: readonly { epoch: number; commission: number }[] }[] = [
  { registered: 50_000, updates: [] },
  { registered: 50_000, updates: [{ epoch: 3, commission: 1_000_000 }] },
  {
    registered: 50_000,
    updates: [
      { epoch: 3, commission: 1_000_000 },
      { epoch: 3, commission: 20_000 },
      { epoch: 4, commission: 0 },
      { epoch: 6, commission: 50_000 },
    ],
  },
];

function commissionVectors(): JsonValue {
  return COMMISSIONS.map(({ registered, updates }) => {
    let record = newValidator(keyOf(41).publicKey, STAKER, registered);
    for (const { epoch, commission } of updates) record = withCommission(record, commission, epoch);
    const { commission, previousCommission, commissionEpoch } = record;
    const newest = updates.at(-1)?.epoch ?? 1;
    return {
      registered,
      updates: updates.map((one) => ({ ...one })),
      record: { commission, previous_commission: previousCommission, commission_epoch: commissionEpoch },
      epochs: [newest, newest + 1, newest + 2].map((epoch) => ({ epoch, commission: commissionIn(record, epoch) })),
    };
  });
}

/** Shares of the weight in millionths, of an offender and of the others. */
const OFFENDED = [
  [1, 0],
  [333_334, 0],
  [1_000_000, 0],
  [1, 74_534],
  [1, 74_535],
  [40_000, 60_000],
  [50_000, 50_000],
  [60_000, 40_000],
  [333_333, 1],
  [300_000, 100_000],
  [166_666, 166_667],
  [166_667, 166_667],
  [333_331, 166_667],
  [1, 333_333],
  [1_000_000, 1_000_000],
] as const;

export function electionVectors(): JsonValue {
  return {
    about:
      'Elections. `registered` are the validators of the state: role AUTHORITY is in the list of authorities, STAKER among ' +
      'the candidates if anything is staked on it, TOMBSTONED in neither. `present` is the set that would continue, `elected` the next one.',
    elections: ELECTIONS.map(electionVector),
  };
}

export function stakingVectors(): JsonValue {
  return {
    about:
      'Arithmetic of stakes. `after` is the pool afterwards, null where the action fails and changes nothing. `shares` are bought ' +
      'or sold, and `tokens` what is paid for them. `held` are the shares ' +
      'of who unstakes, `millionths` the part that is slashed. `owed` are the millionths that an offence costs in all by the shares of the weight, of the offender and the others. `commissions` are ' +
      'those of a validator by what it registered and the updates of its record, each in an epoch: what the record holds, and what epochs are paid at.',
    stake: stakeVectors(),
    unstake: unstakeVectors(),
    slash: slashVectors(),
    owed: OFFENDED.map(([own, others]) => ({ own, others, owed: owedFor(own, others) })),
    rewards: rewardVectors(),
    commissions: commissionVectors(),
  };
}
