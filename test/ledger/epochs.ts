// What the tests of epochs are made of: a genesis of authorities and stakers, and a chain of blocks on its state whose
// certificates say who took part. Signatures are left out: the ledger does not look at them.

import { getAccount } from '../../src/ledger/accounts.ts';
import { type BlockContext, beginBlock, endBlock } from '../../src/ledger/block.ts';
import { initializeState } from '../../src/ledger/genesis.ts';
import { justificationFault } from '../../src/ledger/justification.ts';
import { activity, currentEpoch, epochs, validators } from '../../src/ledger/records.ts';
import type { Address } from '../../src/primitives/address.ts';
import type { Justification } from '../../src/primitives/block.ts';
import { compareBytes, equalBytes } from '../../src/primitives/bytes.ts';
import { BitArray, type Certificate, FINAL, NOTAR, type Vote } from '../../src/primitives/consensus.ts';
import type { EpochRecord, MemberActivity } from '../../src/primitives/epoch.ts';
import { CONSENSUS_MODES, type ConsensusMode, type Genesis } from '../../src/primitives/genesis.ts';
import { sha256 } from '../../src/primitives/hash.ts';
import type { Parameters } from '../../src/primitives/parameters.ts';
import { LeaderSchedule } from '../../src/primitives/schedule.ts';
import type { ValidatorRecord } from '../../src/primitives/staking.ts';
import { MapState, NOW, PARAMETERS, person } from './build.ts';

export interface Beginning {
  readonly mode: ConsensusMode;
  /** persons */
  readonly authorities?: readonly number[];
  readonly stakers?: readonly (readonly [person: number, selfBond: bigint])[];
  /** in millionths, of all stakers */
  readonly commission?: number;
  readonly balances?: readonly (readonly [person: number, balance: bigint])[];
  readonly parameters?: Partial<Parameters>;
}

export function genesisFor({ mode, authorities = [], stakers = [], ...rest }: Beginning): Genesis {
  const { commission = 0, balances = [], parameters = {} } = rest;
  const funds = new Map<number, bigint>(balances);
  for (const [index, selfBond] of stakers) funds.set(index, (funds.get(index) ?? 0n) + selfBond);
  return {
    chainId: new Uint8Array(0),
    genesisTime: NOW,
    mode: CONSENSUS_MODES.indexOf(mode),
    parameters: { ...PARAMETERS, ...parameters },
    authorities: ordered(authorities.map(person)),
    stakers: ordered(stakers.map(([index, selfBond]) => ({ ...person(index), commission, selfBond }))),
    accounts: [...funds].map(([index, balance]) => ({ address: person(index).address, balance })),
  };
}

function ordered<T extends { address: Address }>(list: readonly T[]): T[] {
  return [...list].sort((a, b) => compareBytes(a.address, b.address));
}

export interface BlockDraft {
  /** member indexes whose votes are in the certificate of the parent; all when left out */
  readonly voters?: readonly number[];
  /** slots since the parent's */
  readonly slots?: number;
  /** ms since the parent */
  readonly after?: number;
  readonly lateVotes?: readonly Vote[];
  /** what happens between beginning and end */
  readonly within?: (context: BlockContext) => void;
}

interface Placed {
  readonly epoch: number;
  readonly slot: number;
  readonly hash: Uint8Array;
}

/** A chain of which only the state is kept. */
export class Chain {
  readonly state: MapState;
  /** of the newest block */
  height = 0;
  time = NOW;
  #newest: Placed = { epoch: 0, slot: 0, hash: sha256(Uint8Array.of(0)) };

  constructor(beginning: Beginning, state: MapState = new MapState()) {
    this.state = state;
    initializeState(state, genesisFor(beginning));
  }

  get epoch(): EpochRecord {
    return currentEpoch(this.state);
  }

  get newest(): Placed {
    return this.#newest;
  }

  member(index: number): number {
    const { address } = person(index);
    return this.epoch.validators.findIndex((validator) => equalBytes(validator.address, address));
  }

  weights(): Record<number, number> {
    const seats = this.epoch.validators.map(({ publicKey, weight }) => [(publicKey[0] as number) - 1, weight]);
    return Object.fromEntries(seats);
  }

  activityOf(index: number): MemberActivity {
    return activity.get(this.state).members[this.member(index)] as MemberActivity;
  }

  record(index: number): ValidatorRecord {
    return validators.get(this.state, person(index).address);
  }

  balance(index: number): bigint {
    return getAccount(this.state, person(index).address).balance;
  }

  /** @returns the context of the block */
  add({ voters, slots = 1, after = 1000, lateVotes = [], within }: BlockDraft = {}): BlockContext {
    const { state } = this;
    const before = this.epoch;
    const parent = this.#newest;
    const justification: Justification = { parentCertificate: this.certificate(voters), lateVotes: [...lateVotes] };
    this.height++;
    this.time += after;
    const slot = (parent.epoch === before.epoch ? parent.slot : 0) + slots;
    const leader = before.validators[new LeaderSchedule(before.validators).leader(slot)];
    const proposer = leader?.address ?? new Uint8Array(20);
    const header = { height: this.height, timestamp: this.time, parent: parent.hash, proposer };
    const fault = justificationFault(state, header, justification);
    if (fault !== undefined) throw new Error(`${fault.reason}: ${fault.detail}`);
    const context = beginBlock(state, { header, justification });
    within?.(context);
    endBlock(state, context);
    this.#newest = { epoch: before.epoch, slot, hash: sha256(Uint8Array.of(1, this.height, this.height >> 8)) };
    return context;
  }

  /** Blocks up to the boundary and with it, a second apart. */
  finishEpoch(draft: BlockDraft = {}): void {
    const { epoch } = this.epoch;
    while (this.epoch.epoch === epoch) this.add(draft);
  }

  /** The certificate of the newest block; null for genesis. */
  certificate(voters?: readonly number[]): Certificate | null {
    if (this.height === 0) return null;
    const { epoch, slot, hash } = this.#newest;
    const isBoundary = epoch !== this.epoch.epoch;
    const size = isBoundary ? epochs.get(this.state, epoch).validators.length : this.epoch.validators.length;
    const bitmap = BitArray.fromBitLen(size);
    const signers = voters === undefined || isBoundary ? Array.from({ length: size }, (_, member) => member) : voters;
    for (const member of signers) bitmap.set(member, true);
    return { epoch, kind: isBoundary ? FINAL : NOTAR, slot, hash, bitmap, signatures: [] };
  }
}

export function lateVote({ epoch, slot, hash }: Placed, member: number): Vote {
  return { epoch, kind: NOTAR, slot, hash, member, signature: new Uint8Array(64) };
}
