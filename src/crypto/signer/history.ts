// The rules a validator's key obeys (docs/protocol.md §7, "Durable before sent"), over what it has signed so far. Pure:
// no disk, no key. The consensus core keeps the same rules; these stand even when it is wrong.

import { equalBytes } from '../../primitives/bytes.ts';
import { ZERO_HASH } from '../../primitives/hash.ts';
import { Entry, type EntryKind, entryKind, floorEntry, isAbove, isWellFormed, type Place } from './entry.ts';

/**
 * Slots above the floor of which signatures are kept. The floor stands still only without finality, when a slot takes
 * many seconds: this is more than a month of it, and a record of about 100 MiB.
 */
export const MAX_OPEN_SLOTS = 1 << 18;

/** What becomes of a request: signed before, new, or against a rule. */
export type Ruling = { readonly kind: 'known' | 'new' } | { readonly kind: 'refused'; readonly rule: string };

export class SigningHistory {
  #floor: Place = { epoch: 0, slot: 0 };
  /** By epoch and slot, what was signed there, oldest first. */
  readonly #slots = new Map<string, readonly Entry[]>();

  /** Nothing at or below it is ever signed. */
  get floor(): Place {
    return this.#floor;
  }

  /** Everything that must be remembered, in an order in which it can be admitted anew. */
  entries(): Entry[] {
    return [floorEntry(this.#floor), ...[...this.#slots.values()].flat()];
  }

  /** Judges a PROPOSE or a vote, and changes nothing. */
  judge(entry: Entry): Ruling {
    const signed = this.#signedIn(entry);
    if (signed.some((other) => Entry.equals(other, entry))) return { kind: 'known' };
    const rule = this.#commonRule(entry, signed) ?? kindRule(entry, signed);
    return rule === undefined ? { kind: 'new' } : { kind: 'refused', rule };
  }

  /** As `judge`; what is new counts as signed from now on. */
  admit(entry: Entry): Ruling {
    const ruling = this.judge(entry);
    if (ruling.kind === 'new') this.#slots.set(keyOf(entry), [...this.#signedIn(entry), entry]);
    return ruling;
  }

  /** Whether a signature may come from this history: it is known, or so old that nobody remembers. */
  covers(entry: Entry): boolean {
    return !isAbove(entry, this.#floor) || this.#signedIn(entry).some((other) => Entry.equals(other, entry));
  }

  /** @returns false when the floor is there or above already. */
  raiseFloor(floor: Place): boolean {
    if (!isAbove(floor, this.#floor)) return false;
    this.#floor = { epoch: floor.epoch, slot: floor.slot };
    for (const [key, [first]] of this.#slots) {
      if (first === undefined || !isAbove(first, floor)) this.#slots.delete(key);
    }
    return true;
  }

  #signedIn(place: Place): readonly Entry[] {
    return this.#slots.get(keyOf(place)) ?? [];
  }

  /** What holds for every kind. */
  #commonRule(entry: Entry, signed: readonly Entry[]): string | undefined {
    if (!isWellFormed(entry)) return 'epochs and slots are whole numbers, hashes have 32 bytes';
    if (!isAbove(entry, this.#floor)) return 'nothing at or below the floor';
    if (entry.slot === 0) return 'slot 0 is the last block of the epoch before, nobody signs it';
    const [first] = signed;
    if (first === undefined) {
      return this.#slots.size < MAX_OPEN_SLOTS ? undefined : `at most ${MAX_OPEN_SLOTS} slots above the floor`;
    }
    return equalBytes(first.validatorsRoot, entry.validatorsRoot) ? undefined : 'one validator set a slot';
  }
}

function kindRule(entry: Entry, signed: readonly Entry[]): string | undefined {
  const find = (kind: EntryKind) => signed.find((other) => entryKind(other) === kind);
  const kind = entryKind(entry);
  if (find(kind) !== undefined) return `one ${kind} a slot`;
  switch (kind) {
    case 'PROPOSE':
    case 'NOTAR':
      return undefined;
    case 'SKIP':
      if (!equalBytes(entry.hash, ZERO_HASH)) return 'a SKIP names no block, its hash is zero';
      return find('FINAL') === undefined ? undefined : 'no SKIP after FINAL';
    case 'FINAL': {
      if (find('SKIP') !== undefined) return 'no FINAL after SKIP';
      const notar = find('NOTAR');
      return notar !== undefined && equalBytes(notar.hash, entry.hash)
        ? undefined
        : 'FINAL only for the block of my NOTAR';
    }
    default:
      return `${kind} is nothing to sign`;
  }
}

function keyOf({ epoch, slot }: Place): string {
  return `${epoch}/${slot}`;
}
