// Proposals that hold and whose blocks are not complete yet: what they lack is on its way. Bounded like those that the
// core keeps, two of a slot, so that a leader's further ones cost nothing.

import { equalBytes } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';

/** Two of one slot prove what there is to prove against its leader. */
const MAX_PER_SLOT = 2;

interface Place {
  readonly slot: number;
  readonly parentSlot: number;
}

export class IncompleteProposals {
  readonly #bySlot = new Map<number, { readonly parentSlot: number; readonly hash: Hash }[]>();

  /** Whether this proposal is waited for, or enough of its slot are. */
  knows({ slot, parentSlot }: Place, hash: Hash): boolean {
    const known = this.#bySlot.get(slot) ?? [];
    return (
      known.length >= MAX_PER_SLOT ||
      known.some((other) => other.parentSlot === parentSlot && equalBytes(other.hash, hash))
    );
  }

  /** Until the promise, which must not reject, has settled. */
  hold({ slot, parentSlot }: Place, hash: Hash, until: Promise<unknown>): void {
    const one = { parentSlot, hash };
    this.#bySlot.set(slot, [...(this.#bySlot.get(slot) ?? []), one]);
    void until.then(() => {
      const others = (this.#bySlot.get(slot) ?? []).filter((other) => other !== one);
      if (others.length === 0) this.#bySlot.delete(slot);
      else this.#bySlot.set(slot, others);
    });
  }
}
