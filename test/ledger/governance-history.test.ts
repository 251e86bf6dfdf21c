// Random histories of governance: members, outsiders, changing sets and weights. What becomes of every proposal is
// compared with a count of its own, made from the votes that were accepted.

import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CONSENSUS_MODES, type ConsensusMode } from '../../src/primitives/genesis.ts';
import { PROPOSAL_STATUSES, type ProposalStatus } from '../../src/primitives/governance.ts';
import { AUTHORITY, STAKER } from '../../src/primitives/staking.ts';
import { PARAMETERS } from './build.ts';
import { Council, SOME_CHANGE, upgrade } from './council.ts';

const test = suite('histories of governance');
const PEOPLE = 8;
/** Persons below are authorities, the others stakers, in a mode that knows both. */
const AUTHORITIES = 4;

const person = fc.nat({ max: PEOPLE - 1 });
const weights = fc.dictionary(person.map(String), fc.integer({ min: 1, max: 1_000_000 }), { minKeys: 1 });
const id = fc.integer({ min: 1, max: 5 });
const event = fc.oneof(
  fc.record({ kind: fc.constant('propose' as const), by: person, ahead: fc.nat({ max: 4 }), upgrade: fc.boolean() }),
  fc.record({ kind: fc.constant('vote' as const), by: person, id, yes: fc.boolean() }),
  fc.record({ kind: fc.constant('rally' as const), id }),
  fc.record({ kind: fc.constant('wait' as const), part: fc.nat({ max: 150 }) }),
  fc.record({ kind: fc.constant('close' as const), weights }),
);
const modes = fc.constantFrom(...CONSENSUS_MODES);

/** What is known of a proposal beside the state. */
interface Known {
  readonly by: number;
  readonly epoch: number;
  readonly expires: number;
  /** the version that it asks for, of an upgrade */
  readonly version: number | undefined;
  readonly votes: Map<number, boolean>;
  status: ProposalStatus;
}

const ENDED: readonly ProposalStatus[] = ['APPLIED', 'LAPSED', 'FAILED'];

function roleOf(mode: ConsensusMode, index: number): number {
  if (mode === 'hybrid') return index < AUTHORITIES ? AUTHORITY : STAKER;
  return mode === 'poa' ? AUTHORITY : STAKER;
}

function setOf(record: Readonly<Record<string, number>>): Map<number, number> {
  return new Map(Object.entries(record).map(([index, weight]) => [Number(index), weight]));
}

/** By exact fractions, where the ledger multiplies. */
function passes(mode: ConsensusMode, set: ReadonlyMap<number, number>, votes: ReadonlyMap<number, boolean>): boolean {
  const share = (members: readonly number[]) => {
    const sum = (list: readonly number[]) => list.reduce((total, index) => total + BigInt(set.get(index) ?? 0), 0n);
    return { yes: sum(members.filter((index) => votes.get(index) === true)), all: sum(members) };
  };
  const everyone = share([...set.keys()]);
  const quorum = (2n * everyone.all + 2n) / 3n;
  if (everyone.yes < quorum) return false;
  if (mode !== 'hybrid') return true;
  return [AUTHORITY, STAKER].every((role) => {
    const { yes, all } = share([...set.keys()].filter((index) => roleOf(mode, index) === role));
    return yes >= (all + 1n) / 2n;
  });
}

test('a proposal ends once, as a count of its own says; outsiders change nothing', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(modes, weights, fc.array(event, { minLength: 20, maxLength: 50 }), (mode, first, events) => {
      const council = new Council(mode, {});
      for (let index = 0; index < PEOPLE; index++) council.register(index, roleOf(mode, index));
      let set = setOf(first);
      council.seat(set);
      const known = new Map<number, Known>();
      let version = 1;
      const vote = (by: number, id: number, yes: boolean) => {
        const proposal = known.get(id);
        const code = council.vote(by, id, yes ? 'YES' : 'NO');
        seen.add(`vote ${code}`);
        const isOpen = proposal?.status === 'OPEN' && council.now <= proposal.expires;
        assert.is(code === 'SUCCESS', set.has(by) && isOpen);
        if (code === 'SUCCESS') proposal?.votes.set(by, yes);
      };
      /** The next epoch has begun, but `set` is still that of the one before. */
      const settle = (proposal: Known): ProposalStatus => {
        if (ENDED.includes(proposal.status)) return proposal.status;
        if (proposal.status === 'OPEN' && !passes(mode, set, proposal.votes)) {
          const isMissed =
            proposal.version !== undefined && proposal.epoch !== 0 && proposal.epoch <= council.epoch.epoch;
          return isMissed || council.now >= proposal.expires ? 'LAPSED' : 'OPEN';
        }
        if (proposal.epoch > council.epoch.epoch) return 'PASSED';
        if (proposal.version === undefined) return 'APPLIED';
        if (proposal.version <= version) return 'FAILED';
        version = proposal.version;
        return 'APPLIED';
      };
      for (const one of events) {
        if (one.kind === 'wait') council.now += Math.floor((PARAMETERS.votingPeriod * one.part) / 100);
        else if (one.kind === 'vote') vote(one.by, one.id, one.yes);
        else if (one.kind === 'rally') for (const by of set.keys()) vote(by, one.id, true);
        else if (one.kind === 'propose') {
          const epoch = one.ahead === 0 ? 0 : council.epoch.epoch + one.ahead;
          const asked = one.upgrade ? version + 1 : undefined;
          const code = council.propose(one.by, asked === undefined ? SOME_CHANGE : upgrade(asked), epoch);
          seen.add(`propose ${code}`);
          const open = [...known.values()].filter(({ status }) => status === 'OPEN');
          const own = open.filter(({ by }) => by === one.by).length;
          assert.is(code, !set.has(one.by) ? 'NOT_ALLOWED' : own >= 2 ? 'TOO_MANY_PROPOSALS' : 'SUCCESS');
          if (code !== 'SUCCESS') continue;
          const outsiders = open.find(({ by }) => !set.has(by));
          if (open.length >= 2 * set.size && outsiders !== undefined) outsiders.status = 'LAPSED';
          const expires = council.now + PARAMETERS.votingPeriod;
          known.set(known.size + 1, { by: one.by, epoch, expires, version: asked, votes: new Map(), status: 'OPEN' });
        } else {
          council.close();
          for (const [id, proposal] of known) {
            proposal.status = settle(proposal);
            assert.is(council.status(id), proposal.status, `proposal ${id}`);
            seen.add(proposal.status);
          }
          set = setOf(one.weights);
          council.seat(set);
        }
        const unfinished = [...known].filter(([, { status }]) => !ENDED.includes(status)).map(([id]) => id);
        assert.equal(council.open(), unfinished, 'exactly those, ascending');
        assert.is(council.epoch.protocolVersion, version);
      }
    }),
    { numRuns: 200, seed: 1 },
  );
  for (const status of PROPOSAL_STATUSES) assert.ok(seen.has(status), `${status} was never reached`);
});

test('the order of votes does not matter', () => {
  const votes = fc.uniqueArray(fc.tuple(person, fc.boolean()), { selector: ([by]) => by, minLength: 2 });
  const ordered = votes.chain((list) =>
    fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length, maxLength: list.length })),
  );
  fc.assert(
    fc.property(modes, weights, ordered, (mode, first, [one, other]) => {
      const outcomes = [one, other].map((list) => {
        const council = new Council(mode, {});
        for (let index = 0; index < PEOPLE; index++) council.register(index, roleOf(mode, index));
        const set = setOf(first);
        council.seat(set);
        const id = council.opened([...set.keys()][0] ?? 0);
        for (const [by, yes] of list) council.vote(by, id, yes ? 'YES' : 'NO');
        council.close();
        return council.state.dump();
      });
      assert.equal(outcomes[0], outcomes[1]);
    }),
    { numRuns: 100, seed: 1 },
  );
});

test.run();
