import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { endBlock } from '../../src/ledger/block.ts';
import { executeTransaction } from '../../src/ledger/execute.ts';
import { initializeState } from '../../src/ledger/genesis.ts';
import { MAX_EPOCHS_AHEAD } from '../../src/ledger/governance.ts';
import { authorities, consensusKeys, currentEpoch, proposals } from '../../src/ledger/records.ts';
import { addressKey } from '../../src/primitives/address.ts';
import { MAX_MEMBERS } from '../../src/primitives/consensus.ts';
import {
  type Change,
  KEPT_PROPOSALS,
  MAX_OPEN_PER_MEMBER,
  MAX_WAITING_PROPOSALS,
  YES,
} from '../../src/primitives/governance.ts';
import { MAX_AUTHORITIES } from '../../src/primitives/parameter-bounds.ts';
import { type ReceiptCode, receiptCode } from '../../src/primitives/receipt.ts';
import { ACTIVE, AUTHORITY, STAKER, TOMBSTONED } from '../../src/primitives/staking.ts';
import type { TransactionAction } from '../../src/primitives/transaction.ts';
import { contextOf, envelope, genesisOf, MapState, PARAMETERS, person } from './build.ts';
import {
  addAuthority,
  address,
  Council,
  keyOf,
  removeAuthority,
  SOME_CHANGE,
  setParameters,
  upgrade,
} from './council.ts';

const test = suite('governance');
const OUTSIDER = 100;
const NEWCOMER = 101;
const ones = (count: number) => Array<number>(count).fill(1);
const poa = (count = 4) => new Council('poa', { authorities: ones(count) });

test('a proposal has a number, a time and no votes', () => {
  const council = poa();
  council.now += 5;
  assert.is(council.propose(2, SOME_CHANGE, 9), 'SUCCESS');
  const proposal = council.proposal(1);
  assert.equal(proposal, {
    id: 1,
    proposer: address(2),
    change: SOME_CHANGE,
    epoch: 9,
    expires: council.now + PARAMETERS.votingPeriod,
    status: 0,
    votes: [],
  });
  assert.is(council.opened(2), 2);
  assert.equal(council.open(), [1, 2]);
});

const { epoch: PRESENT } = poa().epoch;
const REFUSED: readonly (readonly [
  why: string,
  council: Council,
  change: Change,
  code: ReceiptCode,
  epoch?: number,
])[] = [
  ['for the present epoch', poa(), SOME_CHANGE, 'EPOCH_PASSED', PRESENT],
  ['for an epoch too far away', poa(), SOME_CHANGE, 'CHANGE_OUT_OF_BOUNDS', PRESENT + MAX_EPOCHS_AHEAD + 1],
  ['an authority in pos', new Council('pos', { stakers: [1] }), addAuthority(NEWCOMER), 'NOT_ALLOWED'],
  ['a removal in pos', new Council('pos', { stakers: [1] }), removeAuthority(0), 'NOT_ALLOWED'],
  ['an authority that is one', poa(), addAuthority(1), 'CHANGE_OUT_OF_BOUNDS'],
  ['the key of another', poa(), addAuthority(NEWCOMER, 1), 'KEY_ALREADY_USED'],
  [
    'a key that is none',
    poa(),
    { selector: 0, value: { address: address(NEWCOMER), publicKey: new Uint8Array(32) } },
    'CHANGE_OUT_OF_BOUNDS',
  ],
  ['the removal of nobody', poa(), removeAuthority(NEWCOMER), 'CHANGE_OUT_OF_BOUNDS'],
  ['the removal of the last authority of poa', poa(1), removeAuthority(0), 'CHANGE_OUT_OF_BOUNDS'],
  ['the removal of a staker', hybrid([1], [1]), removeAuthority(1), 'CHANGE_OUT_OF_BOUNDS'],
  ['a staker as authority', hybrid([1], [1]), addAuthority(1), 'CHANGE_OUT_OF_BOUNDS'],
  ['no parameters', poa(), setParameters(), 'CHANGE_OUT_OF_BOUNDS'],
  ['a parameter twice', poa(), setParameters(['minFee', 1n], ['minFee', 2n]), 'CHANGE_OUT_OF_BOUNDS'],
  ['a parameter out of bounds', poa(), setParameters(['maxStakers', 0n]), 'CHANGE_OUT_OF_BOUNDS'],
  ['a parameter past all integers', poa(), setParameters(['blockTime', 2n ** 63n]), 'CHANGE_OUT_OF_BOUNDS'],
  [
    'a parameter against another',
    poa(),
    setParameters(['unbondingPeriod', BigInt(PARAMETERS.evidenceWindow)]),
    'CHANGE_OUT_OF_BOUNDS',
  ],
  ['the present version', poa(), upgrade(1), 'CHANGE_OUT_OF_BOUNDS'],
];

function hybrid(authorities: number[], stakers: number[]): Council {
  return new Council('hybrid', { authorities, stakers });
}

for (const [why, council, change, code, epoch] of REFUSED) {
  test(`refuses to propose ${why}`, () => {
    assert.is(council.propose(0, change, epoch), code);
    assert.equal(council.open(), []);
  });
}

test('as many authorities as there may be, and no more', () => {
  const council = new Council('poa', { authorities: ones(MAX_AUTHORITIES - 1) });
  const last = council.agreed(addAuthority(MAX_AUTHORITIES));
  const beyond = council.agreed(addAuthority(MAX_AUTHORITIES + 1));
  council.close();
  assert.is(council.status(last), 'APPLIED');
  assert.is(council.status(beyond), 'FAILED', 'there was room when it was proposed');
  assert.is(council.propose(0, addAuthority(MAX_AUTHORITIES + 1)), 'CHANGE_OUT_OF_BOUNDS');
});

test('two changes that only together are within bounds', () => {
  const { votingPeriod, epochDuration } = PARAMETERS;
  const long = BigInt(votingPeriod + 1);
  assert.ok(epochDuration < long);
  const council = poa();
  assert.is(council.propose(0, setParameters(['epochDuration', long])), 'CHANGE_OUT_OF_BOUNDS');
  const periods = setParameters(
    ['epochDuration', long],
    ['votingPeriod', long],
    ['evidenceWindow', 2n * long],
    ['unbondingPeriod', 4n * long],
  );
  assert.is(council.propose(0, periods), 'SUCCESS');
});

test('only members of the present epoch propose and vote', () => {
  const council = poa();
  council.register(OUTSIDER, STAKER);
  assert.is(council.propose(OUTSIDER), 'NOT_ALLOWED');
  const id = council.opened(0);
  assert.is(council.vote(OUTSIDER, id), 'NOT_ALLOWED');
  council.seat(
    new Map([
      [1, 1],
      [OUTSIDER, 1],
    ]),
  );
  assert.is(council.vote(OUTSIDER, id), 'SUCCESS');
  assert.is(council.vote(0, id), 'NOT_ALLOWED');
});

test('votes for nothing, too late, or after the end are refused', () => {
  const council = poa();
  assert.is(council.vote(0, 1), 'UNKNOWN_PROPOSAL');
  const id = council.opened(0);
  council.now += PARAMETERS.votingPeriod;
  assert.is(council.vote(0, id), 'SUCCESS', 'at the last moment');
  council.now += 1;
  assert.is(council.vote(1, id), 'PROPOSAL_CLOSED');
  council.close();
  assert.is(council.status(id), 'LAPSED');
  assert.is(council.vote(1, id), 'PROPOSAL_CLOSED');
  const passed = council.agreed(SOME_CHANGE, council.epoch.epoch + 5);
  council.close();
  assert.is(council.status(passed), 'PASSED');
  assert.is(council.vote(1, passed, 'NO'), 'PROPOSAL_CLOSED');
});

test('a vote can be changed as long as nothing is decided', () => {
  const council = poa(3);
  const id = council.opened(0);
  for (const voter of [2, 0, 1]) council.vote(voter, id);
  council.vote(1, id, 'NO');
  council.vote(0, id, 'NO');
  assert.is(council.proposal(id).votes.length, 3);
  const voters = council.proposal(id).votes.map(({ voter }) => Buffer.from(voter).toString('hex'));
  assert.equal(voters, [...voters].sort());
  council.close();
  assert.is(council.status(id), 'OPEN');
  council.vote(0, id);
  council.close();
  assert.is(council.status(id), 'APPLIED', 'two of three');
});

test('two thirds of the weight are enough, less is not', () => {
  const cases: readonly (readonly [weights: number[], yes: number[], passes: boolean])[] = [
    [[1, 1, 1], [0, 1], true],
    [[1, 1, 1, 1], [0, 1], false],
    [[1, 1, 1, 1], [0, 1, 2], true],
    [[666_666, 333_334], [0], false],
    [[666_667, 333_333], [0], true],
    [[1], [], false],
    [[1], [0], true],
  ];
  for (const [stakers, yes, passes] of cases) {
    const council = new Council('pos', { stakers });
    const id = council.opened(0);
    for (const index of stakers.keys()) council.vote(index, id, yes.includes(index) ? 'YES' : 'NO');
    council.close();
    assert.is(council.status(id), passes ? 'APPLIED' : 'OPEN', `${yes} of ${stakers}`);
  }
});

test('in hybrid half of each class must agree, if it has members', () => {
  const cases: readonly (readonly [authorities: number[], stakers: number[], yes: number[], passes: boolean])[] = [
    [[40, 40], [10, 10], [0, 1], false],
    [[40, 40], [10, 10], [0, 1, 2], true],
    [[40, 40], [9, 11], [0, 1, 2], false],
    [[10, 10], [40, 40], [2, 3], false],
    [[10, 10], [40, 40], [0, 2, 3], true],
    [[11, 9], [40, 40], [1, 2, 3], false],
    [[1, 1, 1], [], [0, 1], true],
    [[], [1, 1, 1], [0, 1], true],
    [[30, 30], [20, 20], [0, 2], false],
  ];
  for (const [authorities, stakers, yes, passes] of cases) {
    const council = hybrid(authorities, stakers);
    const id = council.opened(0);
    for (const index of yes) council.vote(index, id);
    council.close();
    assert.is(council.status(id), passes ? 'APPLIED' : 'OPEN', `${yes} of ${authorities} and ${stakers}`);
  }
});

test('weights are those at the count: who has left counts for nothing, who has come counts', () => {
  const council = new Council('pos', { stakers: [1, 1, 1, 1] });
  const id = council.opened(0);
  for (const voter of [0, 1, 2]) council.vote(voter, id);
  council.seat(
    new Map([
      [0, 10],
      [3, 90],
    ]),
  );
  council.close();
  assert.is(council.status(id), 'OPEN', 'ten of a hundred');
  council.seat(
    new Map([
      [0, 1],
      [1, 1],
      [3, 1],
    ]),
  );
  council.close();
  assert.is(council.status(id), 'APPLIED', 'their votes had stayed');
});

test('what has passed waits for its epoch, and what passes later comes at once', () => {
  const council = poa();
  const start = council.epoch.epoch;
  const planned = council.agreed(setParameters(['minFee', 7n]), start + 2);
  const late = council.opened(0, setParameters(['feePerByte', 3n]), start + 1);
  council.close();
  assert.is(council.status(planned), 'PASSED');
  assert.is(council.epoch.parameters.minFee, PARAMETERS.minFee);
  assert.equal(council.open(), [planned, late]);
  council.close();
  assert.is(council.status(planned), 'APPLIED');
  assert.is(council.epoch.parameters.minFee, 7n);
  for (const voter of [0, 1, 2]) council.vote(voter, late);
  council.close();
  assert.is(council.status(late), 'APPLIED');
  assert.equal(council.epoch.parameters, { ...PARAMETERS, minFee: 7n, feePerByte: 3n });
  assert.equal(council.open(), []);
});

test('an epoch that ends after the voting period still counts the votes given within it', () => {
  const council = poa();
  const agreed = council.agreed();
  council.now += PARAMETERS.votingPeriod + 1;
  council.close();
  assert.is(council.status(agreed), 'APPLIED');
});

test('an authority comes, goes, and comes back', () => {
  const council = poa();
  council.agreed(addAuthority(NEWCOMER));
  council.close();
  assert.ok(council.isAuthority(NEWCOMER));
  const record = {
    publicKey: keyOf(NEWCOMER),
    role: AUTHORITY,
    status: ACTIVE,
    jailedUntil: 0,
    downtimes: 0,
    commission: 0,
    previousCommission: 0,
    commissionEpoch: 0,
    pool: { tokens: 0n, shares: 0n },
  };
  assert.equal(council.record(NEWCOMER), record);
  assert.equal(consensusKeys.get(council.state, keyOf(NEWCOMER)).address, address(NEWCOMER));
  council.agreed(removeAuthority(NEWCOMER));
  council.close();
  assert.not(council.isAuthority(NEWCOMER));
  assert.equal(council.record(NEWCOMER), { ...record, role: STAKER });
  assert.is(council.propose(0, addAuthority(200, NEWCOMER)), 'KEY_ALREADY_USED', 'its key stays its own');
  council.agreed(addAuthority(NEWCOMER));
  council.close();
  assert.equal(council.record(NEWCOMER), record);
  council.agreed(removeAuthority(NEWCOMER));
  council.close();
  council.agreed(addAuthority(NEWCOMER, 201));
  council.close();
  assert.equal(council.record(NEWCOMER), { ...record, publicKey: keyOf(201) });
});

test('an authority that was jailed is still jailed when it comes back; one that was tombstoned never does', () => {
  const council = poa();
  council.register(NEWCOMER, STAKER, { pool: { tokens: 0n, shares: 0n }, status: 1, jailedUntil: 7, downtimes: 2 });
  council.agreed(addAuthority(NEWCOMER));
  council.close();
  assert.is(council.record(NEWCOMER)?.status, 1);
  assert.is(council.record(NEWCOMER)?.downtimes, 2);
  council.register(OUTSIDER, STAKER, { pool: { tokens: 0n, shares: 0n }, status: TOMBSTONED });
  assert.is(council.propose(0, addAuthority(OUTSIDER)), 'CHANGE_OUT_OF_BOUNDS');
});

test('in poa as many authorities stay as an election needs', () => {
  const council = new Council('poa', { authorities: ones(4) }, { ...PARAMETERS, minValidators: 3 });
  const both = [council.agreed(removeAuthority(0)), council.agreed(removeAuthority(1))];
  council.close();
  assert.equal(
    both.map((id) => council.status(id)),
    ['APPLIED', 'FAILED'],
  );
  assert.is(council.propose(1, removeAuthority(1)), 'CHANGE_OUT_OF_BOUNDS');
  const mixed = hybrid([1], [1, 1]);
  assert.is(mixed.propose(0, removeAuthority(0)), 'SUCCESS', 'the stakers vote on');
});

test('in poa no election may need more members than there are authorities', () => {
  const roomy = { ...PARAMETERS, minValidators: 2 };
  const council = new Council('poa', { authorities: ones(4) }, roomy);
  assert.is(council.propose(0, setParameters(['minValidators', 5n])), 'CHANGE_OUT_OF_BOUNDS');
  const due = council.epoch.epoch + 2;
  const removed = council.agreed(removeAuthority(0), due);
  const raised = council.agreed(setParameters(['minValidators', 4n]), due, 1);
  council.close();
  council.close();
  assert.is(council.status(removed), 'APPLIED');
  assert.is(council.status(raised), 'FAILED', 'by now there are three');
  council.agreed(setParameters(['minValidators', 3n]), 0, 1);
  const late = council.agreed(removeAuthority(1), 0, 1);
  council.close();
  assert.is(council.epoch.parameters.minValidators, 3);
  assert.is(council.status(late), 'FAILED', 'as many stay as are needed by now');
});

test('in poa with too few authorities, other parameters can be set, and the need be lowered', () => {
  const council = new Council('poa', { authorities: ones(4) }, { ...PARAMETERS, minValidators: 4 });
  authorities.set(council.state, authorities.get(council.state).slice(2));
  assert.is(council.propose(0, SOME_CHANGE), 'SUCCESS');
  assert.is(council.propose(1, setParameters(['minValidators', 3n])), 'SUCCESS', 'better, though not enough');
  assert.is(council.propose(2, setParameters(['minValidators', 4n])), 'SUCCESS', 'no worse');
  assert.is(council.propose(3, setParameters(['minValidators', 5n])), 'CHANGE_OUT_OF_BOUNDS');
});

test('where stakers vote, how many may be elected is not known beforehand', () => {
  for (const council of [hybrid([1], [1]), new Council('pos', { stakers: [1] })]) {
    assert.is(council.propose(0, setParameters(['minValidators', 9n])), 'SUCCESS');
  }
});

test('what can not be done any more when it is due has failed', () => {
  const { evidenceWindow } = PARAMETERS;
  const parameters = { ...PARAMETERS, unbondingPeriod: 2 * evidenceWindow + 2 };
  const council = new Council('hybrid', { authorities: [1, 1], stakers: [1, 1] }, parameters);
  const due = council.epoch.epoch + 2;
  const taken = council.agreed(addAuthority(300, 301), due);
  const staked = council.agreed(addAuthority(302), due);
  const longer = council.agreed(setParameters(['evidenceWindow', BigInt(evidenceWindow + 1)]), due, 1);
  const shorter = council.agreed(setParameters(['unbondingPeriod', BigInt(2 * evidenceWindow + 1)]), due, 1);
  const older = council.agreed(upgrade(2), due, 2);
  const newer = council.agreed(upgrade(3), due - 1, 2);
  council.close();
  assert.is(council.status(newer), 'APPLIED');
  council.register(301, STAKER);
  council.register(302, STAKER);
  council.close();
  assert.equal(
    [taken, staked, longer, shorter, older].map((id) => council.status(id)),
    ['FAILED', 'FAILED', 'APPLIED', 'FAILED', 'FAILED'],
    'in the order of their numbers',
  );
  assert.is(council.epoch.protocolVersion, 3);
  assert.is(council.epoch.parameters.evidenceWindow, evidenceWindow + 1);
  assert.is(council.epoch.parameters.unbondingPeriod, parameters.unbondingPeriod);
  assert.not(council.isAuthority(300));
  assert.not(council.isAuthority(302));
  assert.equal(council.open(), []);
});

test('an upgrade raises the version of the epoch for which it is planned', () => {
  const council = poa();
  council.agreed(upgrade(2), council.epoch.epoch + 2);
  council.close();
  assert.is(council.epoch.protocolVersion, 1);
  council.close();
  assert.is(council.epoch.protocolVersion, 2);
  assert.is(council.propose(0, upgrade(2)), 'CHANGE_OUT_OF_BOUNDS');
});

test('an upgrade that has not passed when its epoch begins never comes; one that names no epoch comes when it passes', () => {
  const council = poa();
  const due = council.epoch.epoch + 2;
  const [missed, other, atOnce] = [
    council.opened(0, upgrade(2), due),
    council.opened(0, SOME_CHANGE, due),
    council.opened(1, upgrade(3)),
  ];
  const onTime = council.opened(2, upgrade(2), due);
  council.close();
  assert.is(council.status(missed), 'OPEN');
  for (const voter of [0, 1, 2]) council.vote(voter, onTime);
  council.close();
  assert.equal(
    [missed, other, atOnce, onTime].map((id) => council.status(id)),
    ['LAPSED', 'OPEN', 'OPEN', 'APPLIED'],
  );
  assert.is(council.vote(0, missed), 'PROPOSAL_CLOSED');
  for (const id of [other, atOnce]) for (const voter of [0, 1, 2]) council.vote(voter, id);
  council.close();
  assert.equal(
    [other, atOnce].map((id) => council.status(id)),
    ['APPLIED', 'APPLIED'],
  );
  assert.is(council.epoch.protocolVersion, 3);
});

test('of two upgrades for one epoch the lower comes first or never', () => {
  for (const [versions, statuses] of [
    [
      [2, 3],
      ['APPLIED', 'APPLIED'],
    ],
    [
      [3, 2],
      ['APPLIED', 'FAILED'],
    ],
    [
      [2, 2],
      ['APPLIED', 'FAILED'],
    ],
  ] as const) {
    const council = poa();
    const due = council.epoch.epoch + 2;
    const ids = versions.map((version, index) => council.agreed(upgrade(version), due, index));
    council.close();
    assert.is(council.epoch.protocolVersion, 1);
    council.close();
    assert.equal(
      ids.map((id) => council.status(id)),
      statuses,
    );
    assert.is(council.epoch.protocolVersion, Math.max(...versions));
  }
});

test('each member has places of its own, which no others can take, and they become free', () => {
  const council = poa(9);
  for (let member = 0; member < 8; member++) fill(council, member);
  fill(council, 8);
  assert.is(council.open().length, 9 * MAX_OPEN_PER_MEMBER);
  council.now += PARAMETERS.votingPeriod;
  council.close();
  assert.equal(council.open(), []);
  fill(council, 0);
});

/** Proposes as often as the member may. */
function fill(council: Council, member: number): void {
  for (let count = 0; count < MAX_OPEN_PER_MEMBER; count++) council.opened(member);
  assert.is(council.propose(member), 'TOO_MANY_PROPOSALS');
}

test('proposals of those who have lost their seat make room when there is no other, the oldest first', () => {
  const council = new Council('pos', { stakers: ones(4) });
  for (let member = 0; member < 4; member++) fill(council, member);
  council.register(4, STAKER);
  const seat = (...members: number[]) => council.seat(new Map(members.map((index) => [index, 1])));
  seat(0, 2, 3, 4, 1);
  council.opened(4);
  assert.equal(council.open(), [1, 2, 3, 4, 5, 6, 7, 8, 9], 'five members have ten places');
  seat(0, 3, 4);
  council.opened(4);
  assert.equal(council.open(), [1, 2, 4, 5, 6, 7, 8, 9, 10], 'those of member 0 stay');
  assert.is(council.status(3), 'LAPSED');
  assert.is(council.vote(0, 3), 'PROPOSAL_CLOSED');
  assert.is(council.propose(0), 'TOO_MANY_PROPOSALS', 'its own still count');
  assert.is(council.vote(0, 4), 'SUCCESS', 'those of others stay open meanwhile');
  seat(2, 1);
  assert.is(council.propose(2), 'TOO_MANY_PROPOSALS', 'and count again when it is back');
});

test('sets of the largest size, one after the other: all can propose', () => {
  const council = new Council('pos', { stakers: ones(MAX_MEMBERS) });
  const present = council.epoch.validators;
  council.seat(new Map([[0, 1]]));
  for (let waiting = 0; waiting < MAX_WAITING_PROPOSALS; waiting += MAX_OPEN_PER_MEMBER) {
    for (let count = 0; count < MAX_OPEN_PER_MEMBER; count++) council.agreed(SOME_CHANGE, council.epoch.epoch + 50);
    council.close();
  }
  council.epoch = { ...council.epoch, validators: present };
  for (let member = 0; member < MAX_MEMBERS; member++) fill(council, member);
  const others = Array.from({ length: MAX_MEMBERS }, (_, index) => MAX_MEMBERS + index);
  for (const index of others) council.register(index, STAKER);
  council.seat(new Map(others.map((index) => [index, 1])));
  for (const index of others.slice(0, 20)) fill(council, index);
  assert.is(council.open().length, MAX_OPEN_PER_MEMBER * MAX_MEMBERS + MAX_WAITING_PROPOSALS);
});

test('what waits for its epoch is no open proposal of its proposer', () => {
  const council = poa();
  for (let count = 0; count < MAX_OPEN_PER_MEMBER; count++) council.agreed(SOME_CHANGE, council.epoch.epoch + 50);
  assert.is(council.propose(0), 'TOO_MANY_PROPOSALS');
  council.close();
  assert.is(council.open().length, MAX_OPEN_PER_MEMBER);
  assert.is(council.propose(0), 'SUCCESS');
});

test('only so many can wait for an epoch; what is due at once needs no place', () => {
  const council = poa();
  const due = council.epoch.epoch + MAX_WAITING_PROPOSALS + 1;
  const first = council.agreed(SOME_CHANGE, due);
  council.close();
  for (let count = 2; count < MAX_WAITING_PROPOSALS; count++) {
    council.agreed(SOME_CHANGE, due + 1);
    council.close();
  }
  const [last, beyond, atOnce] = [
    council.agreed(SOME_CHANGE, due + 1),
    council.agreed(SOME_CHANGE, due + 1),
    council.agreed(SOME_CHANGE, 0, 1),
  ];
  council.close();
  assert.equal(
    [last, beyond, atOnce].map((id) => council.status(id)),
    ['PASSED', 'FAILED', 'APPLIED'],
  );
  const early = council.agreed(SOME_CHANGE, due + 2);
  assert.is(council.epoch.epoch + 1, due);
  council.close();
  assert.is(council.status(first), 'APPLIED');
  assert.is(council.status(early), 'PASSED', 'in the place that has become free');
});

test('of the proposals that have ended the last are kept; none that waits is forgotten, and none stays for ever', () => {
  const council = poa();
  const end = () => {
    const id = council.agreed();
    council.close();
    return id;
  };
  const planned = council.agreed(SOME_CHANGE, council.epoch.epoch + KEPT_PROPOSALS + 2);
  const ended = end();
  for (let count = 0; count < KEPT_PROPOSALS; count++) end();
  assert.is(council.status(planned), 'PASSED');
  assert.is(proposals.find(council.state, ended), undefined);
  assert.is(council.status(ended + 1), 'APPLIED');
  assert.is(council.vote(0, ended), 'UNKNOWN_PROPOSAL');
  end();
  assert.is(council.status(planned), 'APPLIED', 'its end is seen, though many newer ones have ended');
  for (let count = 0; count < KEPT_PROPOSALS; count++) end();
  assert.is(proposals.find(council.state, planned), undefined);
});

test('more voters than a set has members: those who have left make room', () => {
  const council = new Council('pos', { stakers: ones(MAX_MEMBERS) });
  const id = council.opened(0);
  for (let voter = 0; voter < MAX_MEMBERS; voter++) council.vote(voter, id, 'NO');
  council.register(600, STAKER);
  council.seat(new Map([...Array(100).keys(), 600].map((index) => [index, 1])));
  assert.is(council.vote(0, id), 'SUCCESS', 'a change needs no room');
  assert.is(council.proposal(id).votes.length, MAX_MEMBERS);
  assert.is(council.vote(600, id), 'SUCCESS');
  assert.is(council.proposal(id).votes.length, 101);
});

test('by transactions and blocks: authorities vote one in, and out again', () => {
  const state = new MapState();
  const seats = [0, 1, 2].map((index) => ({ publicKey: keyOf(index), address: person(index).address }));
  const accounts = genesisOf([0, 1, 2].map((index) => [index, 1_000_000_000n]));
  initializeState(state, { ...accounts, mode: 0, authorities: seats, stakers: [] });
  let now = 0;
  const run = (from: number, action: TransactionAction) => {
    const context = contextOf(currentEpoch(state), now);
    const sent = envelope(action, { from, nonce: 0 });
    assert.is(receiptCode(executeTransaction(state, sent, context)), 'SUCCESS');
  };
  const decide = (change: Change, id: number) => {
    run(0, { selector: 8, value: { epoch: 0, change } });
    for (const from of [0, 1, 2]) run(from, { selector: 9, value: { proposal: id, choice: YES } });
    const { epoch } = currentEpoch(state);
    now += PARAMETERS.epochDuration;
    assert.is(endBlock(state, contextOf(currentEpoch(state), now)).epoch, epoch + 1);
    return currentEpoch(state)
      .validators.map((one) => addressKey(one.address))
      .sort();
  };
  const three = seats.map((one) => addressKey(one.address)).sort();
  assert.equal(decide(addAuthority(3), 1), [...three, addressKey(address(3))].sort());
  assert.equal(decide(removeAuthority(3), 2), three);
  decide(setParameters(['minFee', 3n]), 3);
  assert.is(currentEpoch(state).parameters.minFee, 3n);
  decide(upgrade(2), 4);
  assert.is(currentEpoch(state).protocolVersion, 2);
});

test.run();
