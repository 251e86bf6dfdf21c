// The rules a validator's key obeys (PROTOCOL §4, Signer), over what it has signed so far. Pure: no disk, no key. The
// consensus core keeps the same rules; these stand even when it is wrong.

import { ContainerType, type ValueOf } from '@chainsafe/ssz';
import { equalBytes } from '../../primitives/bytes.ts';
import { FINAL, NOTAR, type ProposalData, SKIP, type VoteData } from '../../primitives/consensus.ts';
import { HASH_BYTES, ZERO_HASH } from '../../primitives/hash.ts';
import { Bytes32, Uint8, Uint64 } from '../../primitives/ssz.ts';

/** The position in this list is the kind's number in record files: append only. */
const ENTRY_KINDS = ['NONE', 'FLOOR', 'PROPOSE', 'NOTAR', 'SKIP', 'FINAL'] as const;
export type EntryKind = (typeof ENTRY_KINDS)[number];

/** One thing that was signed, or a new floor (of which only epoch and slot count). */
export const Entry = new ContainerType(
  { kind: Uint8, epoch: Uint64, slot: Uint64, parentSlot: Uint64, validatorsRoot: Bytes32, hash: Bytes32 },
  { typeName: 'SignerEntry' },
);
export type Entry = ValueOf<typeof Entry>;

/** Nothing at or below it is ever signed; epochs compare first, then slots. */
export interface Floor {
  readonly epoch: number;
  readonly slot: number;
}

/**
 * Slots above the floor of which signatures are kept. The floor stands still only without finality, when a slot takes
 * many seconds: this is more than a month of it, and a record of about 100 MiB.
 */
export const MAX_OPEN_SLOTS = 1 << 18;

/** What becomes of a request: signed before, new and from now on counted as signed, or against a rule. */
export type Ruling = { readonly kind: 'known' | 'new' } | { readonly kind: 'refused'; readonly rule: string };

export class SigningHistory {
  #floor: Floor = { epoch: 0, slot: 0 };
  /** By epoch and slot, what was signed there, oldest first. */
  readonly #slots = new Map<string, readonly Entry[]>();

  get floor(): Floor {
    return this.#floor;
  }

  /** Everything that must be remembered, in an order in which it can be admitted anew. */
  entries(): Entry[] {
    return [floorEntry(this.#floor), ...[...this.#slots.values()].flat()];
  }

  /** Judges a PROPOSE or a vote. */
  admit(entry: Entry): Ruling {
    const key = `${entry.epoch}/${entry.slot}`;
    const signed = this.#slots.get(key) ?? [];
    if (signed.some((other) => Entry.equals(other, entry))) return { kind: 'known' };
    const rule = this.#commonRule(entry, signed) ?? kindRule(entry, signed);
    if (rule !== undefined) return { kind: 'refused', rule };
    this.#slots.set(key, [...signed, entry]);
    return { kind: 'new' };
  }

  /** @returns false when the floor is there or above already. */
  raiseFloor(floor: Floor): boolean {
    if (!isAbove(floor, this.#floor)) return false;
    this.#floor = { epoch: floor.epoch, slot: floor.slot };
    for (const [key, [first]] of this.#slots) {
      if (first === undefined || !isAbove(first, floor)) this.#slots.delete(key);
    }
    return true;
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

export function proposalEntry(data: ProposalData): Entry {
  return entry('PROPOSE', data, data.parentSlot, data.validatorsRoot, data.hash);
}

export function voteEntry(data: VoteData): Entry {
  return entry(voteKind(data.kind), data, 0, data.validatorsRoot, data.hash);
}

export function floorEntry(floor: Floor): Entry {
  return entry('FLOOR', floor, 0, ZERO_HASH, ZERO_HASH);
}

/** `NONE` for a number that means nothing. */
export function entryKind(entry: Entry): EntryKind {
  return ENTRY_KINDS[entry.kind] ?? 'NONE';
}

function voteKind(kind: number): EntryKind {
  if (kind === NOTAR) return 'NOTAR';
  if (kind === SKIP) return 'SKIP';
  return kind === FINAL ? 'FINAL' : 'NONE';
}

/** Copies the hashes: what was signed must not change with a buffer of the caller. */
function entry(
  kind: EntryKind,
  { epoch, slot }: Floor,
  parentSlot: number,
  validatorsRoot: Uint8Array,
  hash: Uint8Array,
): Entry {
  const number = ENTRY_KINDS.indexOf(kind);
  return { kind: number, epoch, slot, parentSlot, validatorsRoot: validatorsRoot.slice(), hash: hash.slice() };
}

function isWellFormed(entry: Entry): boolean {
  const numbers = [entry.epoch, entry.slot, entry.parentSlot];
  if (!numbers.every((number) => Number.isSafeInteger(number) && number >= 0)) return false;
  return entry.hash.length === HASH_BYTES && entry.validatorsRoot.length === HASH_BYTES;
}

function isAbove(a: Floor, b: Floor): boolean {
  return a.epoch > b.epoch || (a.epoch === b.epoch && a.slot > b.slot);
}
