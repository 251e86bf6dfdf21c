// Whether a proposal has enough weight behind it: two thirds of all, and where authorities and stakers share the power,
// half of each class too (docs/protocol.md §5).

import { addressKey } from '../primitives/address.ts';
import type { EpochRecord } from '../primitives/epoch.ts';
import { CONSENSUS_MODES } from '../primitives/genesis.ts';
import { type ProposalVote, YES } from '../primitives/governance.ts';
import { VALIDATOR_ROLES } from '../primitives/staking.ts';
import type { LedgerReader } from './accounts.ts';
import { validators } from './records.ts';

interface Elector {
  readonly role: number;
  readonly weight: number;
}

export class Tally {
  /** by address */
  readonly #electors = new Map<string, Elector>();
  readonly #total: number;
  /** the weight of each class that must agree by itself, by role; zero where it has no members */
  readonly #classes: readonly number[];

  /** @param state still with the roles that the members of the epoch were elected in */
  constructor(state: LedgerReader, { validators: members, mode }: Pick<EpochRecord, 'validators' | 'mode'>) {
    for (const { address, weight } of members) {
      this.#electors.set(addressKey(address), { role: validators.get(state, address).role, weight });
    }
    const electors = [...this.#electors.values()];
    this.#total = weightOf(electors);
    this.#classes =
      CONSENSUS_MODES[mode] === 'hybrid'
        ? VALIDATOR_ROLES.map((_, role) => weightOf(electors.filter((one) => one.role === role)))
        : [];
  }

  /** Votes of those who are not members any more count for nothing. */
  passes(votes: readonly ProposalVote[]): boolean {
    const inFavour = votes.flatMap(({ voter, choice }) =>
      choice === YES ? (this.#electors.get(addressKey(voter)) ?? []) : [],
    );
    if (3 * weightOf(inFavour) < 2 * this.#total) return false;
    return this.#classes.every((weight, role) => 2 * weightOf(inFavour.filter((one) => one.role === role)) >= weight);
  }
}

function weightOf(electors: readonly Elector[]): number {
  return electors.reduce((sum, { weight }) => sum + weight, 0);
}
