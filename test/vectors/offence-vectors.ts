// Vectors of contradictions: evidence against validators in the blocks of some histories, and what it costs them.

import { closeOffences, punishEquivocation } from '../../src/ledger/equivocation.ts';
import { epochRange, epochs, offences, validators } from '../../src/ledger/records.ts';
import { getAccount } from '../../src/ledger/accounts.ts';
import { setStakes, withShares } from '../../src/ledger/stakes.ts';
import { findUnbondingPool, setUnbondingPool } from '../../src/ledger/unbonding.ts';
import { newValidator } from '../../src/ledger/validator-record.ts';
import { formatAddress } from '../../src/primitives/address.ts';
import { compareBytes } from '../../src/primitives/bytes.ts';
import { votePair } from '../../src/primitives/evidence.ts';
import { CONSENSUS_MODES } from '../../src/primitives/genesis.ts';
import { sha256 } from '../../src/primitives/hash.ts';
import { type JsonValue, toJson } from '../../src/primitives/json.ts';
import { Offence, STAKER } from '../../src/primitives/staking.ts';
import { validatorsRoot } from '../../src/primitives/validators.ts';
import { ALICE, GENESIS, type Key, keyOf } from './fixture.ts';
import { FlatState } from './flat-state.ts';

const MEMBERS = [keyOf(61), keyOf(62), keyOf(63), keyOf(64)];

interface Block {
  readonly time: number;
  /** against a member, by position, of an epoch */
  readonly evidence?: readonly [member: number, epoch: number];
  /** from this block on */
  readonly periods?: readonly [evidenceWindow: number, unbondingPeriod: number];
}

/** Epochs of ten milliseconds from 0 on; the fourth is the present one. */
const EPOCH = 10;
const WEIGHTS: readonly (readonly number[])[] = [
  [75_000, 775_000, 100_000, 50_000],
  [50_000, 870_000, 30_000, 50_000],
  [10, 115, 5, 10],
  [1, 17, 1, 1],
];
const TOKENS = [1_000_003n, 2_000_001n, 777_777n, 50_021n];
/** By member, of epochs 1 to 4. */
const UNSTAKED: readonly (readonly bigint[])[] = [
  [500_001n, 300_007n, 0n, 1_001n],
  [0n, 19n, 40_000n, 0n],
  [3n, 90_001n, 90_001n, 90_001n],
  [600_000n, 0n, 0n, 0n],
];
/** Shares of its pools that each holds itself; a pool begins with a share for each token. */
const OWN = [20_011n, 2_000_001n, 9_999n, 50_021n];
const OWN_UNSTAKED: readonly (readonly bigint[])[] = [
  [7n, 300_007n, 0n, 0n],
  [0n, 0n, 20_000n, 0n],
  [3n, 17n, 4_441n, 90_001n],
  [19_999n, 0n, 0n, 0n],
];
const PERIODS = [100, 200] as const;

const HISTORIES: readonly { readonly name: string; readonly blocks: readonly Block[] }[] = [
  {
    name: 'further evidence counts while the offence is open, if it is of an earlier epoch or of one with a larger share',
    blocks: [
      { time: 40, evidence: [0, 3] },
      { time: 41, evidence: [3, 2] },
      { time: 42, evidence: [0, 3] },
      { time: 43, evidence: [0, 1] },
      { time: 44, evidence: [0, 2] },
      { time: 45, evidence: [3, 3] },
      { time: 110, evidence: [2, 1] },
      { time: 119, evidence: [2, 2] },
      { time: 120, evidence: [2, 3] },
      { time: 121, evidence: [2, 3] },
      { time: 122, evidence: [2, 4] },
      { time: 139 },
      { time: 140, evidence: [0, 4] },
      { time: 141 },
      { time: 219 },
    ],
  },
  {
    name: 'a twentieth, for however much weight by itself',
    blocks: [{ time: 100, evidence: [1, 1] }, { time: 199 }, { time: 200 }],
  },
  {
    name: 'everything, for more than a third of the weight together',
    blocks: [
      { time: 100, evidence: [0, 1] },
      { time: 101, evidence: [3, 1] },
      { time: 102, evidence: [1, 1] },
      { time: 202 },
    ],
  },
  {
    name: 'shorter periods: what could be paid out is settled at once, the rest when its window is over',
    blocks: [
      { time: 107, evidence: [0, 1] },
      { time: 108, evidence: [3, 4] },
      { time: 109, evidence: [2, 3] },
      { time: 110, periods: [45, 91] },
      { time: 120 },
      { time: 121 },
      { time: 152 },
      { time: 153 },
    ],
  },
];

function stateBefore(): FlatState {
  const state = new FlatState();
  for (const [index, { publicKey, address }] of MEMBERS.entries()) {
    const tokens = TOKENS[index] ?? 0n;
    validators.set(state, { ...newValidator(publicKey, STAKER, 0), pool: { tokens, shares: tokens } }, address);
    for (const [epoch, unstaked] of UNSTAKED[index]?.entries() ?? [])
      setUnbondingPool(state, address, epoch + 1, { tokens: unstaked, shares: unstaked });
    const unbonding = (OWN_UNSTAKED[index] ?? []).map((shares, epoch) => ({ validator: address, epoch: epoch + 1, shares }));
    setStakes(state, address, {
      delegations: withShares([], address, OWN[index] ?? 0n),
      unbonding: unbonding.filter(({ shares }) => shares > 0n),
    });
  }
  for (const [index, weights] of WEIGHTS.entries()) {
    const set = MEMBERS.map(({ publicKey, address }, member) => ({ publicKey, address, weight: weights[member] ?? 0 }));
    const record = {
      epoch: index + 1,
      mode: CONSENSUS_MODES.indexOf('pos'),
      start: index * EPOCH,
      startHeight: 0,
      protocolVersion: 1,
      parameters: { ...GENESIS.parameters, evidenceWindow: PERIODS[0], unbondingPeriod: PERIODS[1] },
      validators: set.sort((a, b) => compareBytes(a.publicKey, b.publicKey)),
    };
    epochs.set(state, record, record.epoch);
  }
  epochRange.set(state, { current: WEIGHTS.length, oldest: 1 });
  return state;
}

function blockVector(state: FlatState, { time, evidence, periods }: Block): JsonValue {
  const before = epochs.get(state, WEIGHTS.length);
  if (periods !== undefined) {
    const [evidenceWindow, unbondingPeriod] = periods;
    epochs.set(state, { ...before, parameters: { ...before.parameters, evidenceWindow, unbondingPeriod } }, before.epoch);
  }
  const present = epochs.get(state, WEIGHTS.length);
  const { parameters } = present;
  closeOffences(state, present, time);
  const context = { epoch: present, parameters, timestamp: time, height: 1 };
  const code = evidence && report(state, evidence[0], evidence[1], context);
  return {
    time,
    evidence_window: parameters.evidenceWindow,
    unbonding_period: parameters.unbondingPeriod,
    evidence: evidence === undefined ? null : { validator: nameOf(evidence[0]), epoch: evidence[1] },
    code: code ?? null,
    offences: (offences.find(state) ?? []).map((offence) => toJson(Offence, offence)),
    ...stakesIn(state),
    reporter: getAccount(state, ALICE.address).balance.toString(),
  };
}

function report(state: FlatState, member: number, epoch: number, context: Parameters<typeof punishEquivocation>[3]) {
  const root = validatorsRoot(epochs.get(state, epoch).validators);
  const vote = (byte: number) => ({ kind: 0 as const, hash: sha256(Uint8Array.of(byte)), signature: new Uint8Array(64) });
  const { publicKey } = MEMBERS[member] as Key;
  const evidence = { epoch, validatorsRoot: root, publicKey, slot: 1, messages: votePair(vote(1), vote(2)) };
  return punishEquivocation(state, ALICE.address, { evidence }, context);
}

/** The tokens of pools and of unbonding pools. */
function stakesIn(state: FlatState) {
  return {
    pools: MEMBERS.map(({ address }) => validators.get(state, address).pool.tokens.toString()),
    unbonding_pools: MEMBERS.map(({ address }) =>
      WEIGHTS.map((_, index) => findUnbondingPool(state, address, index + 1).tokens.toString()),
    ),
  };
}

function nameOf(member: number): string {
  return formatAddress((MEMBERS[member] as Key).address);
}

export function offenceVectors(): JsonValue {
  return {
    about:
      'Contradictions of four validators in the epochs of `epochs`, whose ends are block times and whose weights are in the order of `validators`, ' +
      'as are `pools` and `unbonding_pools`: their tokens, of the latter by epoch. A block settles offences, then executes EVIDENCE if it has any; what ' +
      'it shows is the state after that. At the beginning a pool has a share for each token, of which `own_shares` and `own_unbonding_shares` are ' +
      'the validator’s. `reporter` is the balance of who sent it all.',
    validators: MEMBERS.map((_, member) => nameOf(member)),
    epochs: WEIGHTS.map((weights, index) => ({
      epoch: index + 1,
      end: index + 1 < WEIGHTS.length ? (index + 1) * EPOCH : null,
      weights: [...weights],
    })),
    ...stakesIn(stateBefore()),
    own_shares: OWN.map(String),
    own_unbonding_shares: OWN_UNSTAKED.map((shares) => shares.map(String)),
    histories: HISTORIES.map(({ name, blocks }) => {
      const state = stateBefore();
      return { name, blocks: blocks.map((block) => blockVector(state, block)) };
    }),
  };
}
