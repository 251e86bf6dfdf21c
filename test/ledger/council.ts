// A validator set that governs, without blocks: proposals, votes and epoch ends are called as execution calls them.

import { closeGovernance, propose as executeProposal, castVote as executeVote } from '../../src/ledger/governance.ts';
import { authorities, consensusKeys, epochs, proposalIndex, proposals, validators } from '../../src/ledger/records.ts';
import { newValidator } from '../../src/ledger/validator-record.ts';
import { type Address, addressOf } from '../../src/primitives/address.ts';
import { compareBytes } from '../../src/primitives/bytes.ts';
import { publicKeyOf } from '../../src/primitives/ed25519.ts';
import type { EpochRecord } from '../../src/primitives/epoch.ts';
import { CONSENSUS_MODES, type ConsensusMode } from '../../src/primitives/genesis.ts';
import {
  type Change,
  NO,
  PROPOSAL_STATUSES,
  type ProposalRecord,
  type ProposalStatus,
  YES,
} from '../../src/primitives/governance.ts';
import { PARAMETER_NAMES, type Parameters } from '../../src/primitives/parameters.ts';
import type { ReceiptCode } from '../../src/primitives/receipt.ts';
import { AUTHORITY, STAKER, type ValidatorRecord } from '../../src/primitives/staking.ts';
import { chainWith, contextOf, EPOCH, type MapState, NOW, PARAMETERS } from './build.ts';

const keys = new Map<number, Uint8Array>();

/** A consensus key that is one. */
export function keyOf(index: number): Uint8Array {
  const seed = new Uint8Array(32);
  new DataView(seed.buffer).setUint32(0, index);
  const key = keys.get(index) ?? publicKeyOf(seed);
  keys.set(index, key);
  return key;
}

export function address(index: number): Address {
  return addressOf(keyOf(index));
}

export const addAuthority = (index: number, key = index): Change => ({
  selector: 0,
  value: { address: address(index), publicKey: keyOf(key) },
});
export const removeAuthority = (index: number): Change => ({ selector: 1, value: { address: address(index) } });
export const upgrade = (protocolVersion: number): Change => ({ selector: 3, value: { protocolVersion } });
export function setParameters(...changes: readonly (readonly [keyof Parameters & string, bigint])[]): Change {
  const list = changes.map(([name, value]) => ({ parameter: PARAMETER_NAMES.indexOf(name), value }));
  return { selector: 2, value: { changes: list } };
}

/** Something harmless to vote about. */
export const SOME_CHANGE: Change = setParameters(['minFee', 5n]);

export interface Weights {
  readonly authorities?: readonly number[];
  readonly stakers?: readonly number[];
}

export class Council {
  readonly state: MapState;
  /** the present one */
  epoch: EpochRecord;
  now = NOW;
  #members: readonly number[] = [];

  /** Person i is member i: first the authorities, then the stakers. */
  constructor(mode: ConsensusMode, weights: Weights, parameters: Parameters = PARAMETERS) {
    this.epoch = { ...EPOCH, mode: CONSENSUS_MODES.indexOf(mode), parameters };
    this.state = chainWith([], this.epoch);
    this.elect(weights);
  }

  /** Gives the present epoch another set. */
  elect({ authorities: seats = [], stakers = [] }: Weights): void {
    const weights = [...seats, ...stakers];
    for (const index of weights.keys()) this.register(index, index < seats.length ? AUTHORITY : STAKER);
    const list = seats.map((_, index) => address(index));
    authorities.set(this.state, list.sort(compareBytes));
    this.seat(new Map(weights.entries()));
  }

  /** Gives the present epoch these members, by person, as they are registered. */
  seat(weights: ReadonlyMap<number, number>): void {
    this.#members = [...weights.keys()];
    const members = [...weights].map(([index, weight]) => ({
      publicKey: keyOf(index),
      address: address(index),
      weight,
    }));
    members.sort((a, b) => compareBytes(a.publicKey, b.publicKey));
    this.epoch = { ...this.epoch, validators: members };
    epochs.set(this.state, this.epoch, this.epoch.epoch);
  }

  register(index: number, role: number, changes: Partial<ValidatorRecord> = {}): void {
    const pool = role === STAKER ? { tokens: 1_000n, shares: 1_000n } : { tokens: 0n, shares: 0n };
    validators.set(this.state, { ...newValidator(keyOf(index), role, 0), pool, ...changes }, address(index));
    consensusKeys.set(this.state, { address: address(index) }, keyOf(index));
  }

  record(index: number): ValidatorRecord | undefined {
    return validators.find(this.state, address(index));
  }

  propose(sender: number, change: Change = SOME_CHANGE, epoch = 0): ReceiptCode {
    const context = contextOf(this.epoch, this.now);
    return executeProposal(this.state, address(sender), { epoch, change }, context);
  }

  /** The number of a new proposal. */
  opened(sender: number, change: Change = SOME_CHANGE, epoch = 0): number {
    const code = this.propose(sender, change, epoch);
    if (code !== 'SUCCESS') throw new Error(`no proposal: ${code}`);
    return proposalIndex.get(this.state).next - 1;
  }

  vote(sender: number, proposal: number, choice: 'YES' | 'NO' = 'YES'): ReceiptCode {
    const value = { proposal, choice: choice === 'YES' ? YES : NO };
    return executeVote(this.state, address(sender), value, contextOf(this.epoch, this.now));
  }

  /** Opens a proposal for which all members vote. */
  agreed(change: Change = SOME_CHANGE, epoch = 0, proposer = this.#members[0] ?? 0): number {
    const id = this.opened(proposer, change, epoch);
    for (const voter of this.#members) this.vote(voter, id);
    return id;
  }

  /** Ends the epoch, and begins the next one with the same set. */
  close(): void {
    const next = { ...this.epoch, epoch: this.epoch.epoch + 1, start: this.now };
    closeGovernance(this.state, this.epoch, next);
    this.epoch = next;
    epochs.set(this.state, next, next.epoch);
  }

  proposal(id: number): ProposalRecord {
    return proposals.get(this.state, id);
  }

  status(id: number): ProposalStatus | undefined {
    return PROPOSAL_STATUSES[this.proposal(id).status];
  }

  /** Those open or waiting. */
  open(): number[] {
    return (proposalIndex.find(this.state)?.pending ?? []).map(({ id }) => id);
  }

  isAuthority(index: number): boolean {
    return authorities.get(this.state).some((one) => compareBytes(one, address(index)) === 0);
  }
}
