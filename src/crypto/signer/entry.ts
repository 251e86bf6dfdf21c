// The entries of a signer's record: what was signed, floors, and what happened to the record itself. Types and
// constructors only; what may be signed is judged in history.ts.

import { ContainerType, type ValueOf } from '@chainsafe/ssz';
import { FINAL, NOTAR, type ProposalData, SKIP, type VoteData } from '../../primitives/consensus.ts';
import { HASH_BYTES, ZERO_HASH } from '../../primitives/hash.ts';
import { Bytes32, Uint8, Uint64 } from '../../primitives/ssz.ts';

/** The position in this list is the kind's number in record files: append only. */
const ENTRY_KINDS = [
  'NONE',
  /** nothing at or below its epoch and slot is signed any more */
  'FLOOR',
  'PROPOSE',
  'NOTAR',
  'SKIP',
  'FINAL',
  /** a signature of the key was seen that is not in the record, in this epoch and slot: nothing more is signed */
  'COPIED',
  /** the operator has dealt with that */
  'RECOVERED',
  /** the record was exported: nothing more is signed */
  'SEALED',
  /** the network must be listened to before the next signature, for `slot` milliseconds */
  'LISTEN',
  /** that was done */
  'LISTENED',
] as const;
export type EntryKind = (typeof ENTRY_KINDS)[number];

export const Entry = new ContainerType(
  { kind: Uint8, epoch: Uint64, slot: Uint64, parentSlot: Uint64, validatorsRoot: Bytes32, hash: Bytes32 },
  { typeName: 'SignerEntry' },
);
export type Entry = ValueOf<typeof Entry>;

/** A place in the order of slots: epochs compare first, then slots. */
export interface Place {
  readonly epoch: number;
  readonly slot: number;
}

/** `NONE` for a number that means nothing. */
export function entryKind(entry: Entry): EntryKind {
  return ENTRY_KINDS[entry.kind] ?? 'NONE';
}

export function proposalEntry(data: ProposalData): Entry {
  return entry('PROPOSE', data, data.parentSlot, data.validatorsRoot, data.hash);
}

export function voteEntry(data: VoteData): Entry {
  return entry(voteKind(data.kind), data, 0, data.validatorsRoot, data.hash);
}

export function floorEntry(floor: Place): Entry {
  return entry('FLOOR', floor, 0, ZERO_HASH, ZERO_HASH);
}

/** @param foreign the entry that the record would have if it had given the signature */
export function copiedEntry({ epoch, slot, validatorsRoot, hash }: Entry): Entry {
  return entry('COPIED', { epoch, slot }, 0, validatorsRoot, hash);
}

/** @param milliseconds a whole number */
export function listenEntry(milliseconds: number): Entry {
  return entry('LISTEN', { epoch: 0, slot: milliseconds }, 0, ZERO_HASH, ZERO_HASH);
}

/** An entry that says only that something happened. */
export function noteEntry(kind: 'RECOVERED' | 'SEALED' | 'LISTENED'): Entry {
  return entry(kind, { epoch: 0, slot: 0 }, 0, ZERO_HASH, ZERO_HASH);
}

export function isWellFormed(entry: Entry): boolean {
  const numbers = [entry.epoch, entry.slot, entry.parentSlot];
  if (!numbers.every((number) => Number.isSafeInteger(number) && number >= 0)) return false;
  return entry.hash.length === HASH_BYTES && entry.validatorsRoot.length === HASH_BYTES;
}

export function isAbove(a: Place, b: Place): boolean {
  return a.epoch > b.epoch || (a.epoch === b.epoch && a.slot > b.slot);
}

function voteKind(kind: number): EntryKind {
  if (kind === NOTAR) return 'NOTAR';
  if (kind === SKIP) return 'SKIP';
  return kind === FINAL ? 'FINAL' : 'NONE';
}

/** Copies the hashes: what was signed must not change with a buffer of the caller. */
function entry(
  kind: EntryKind,
  { epoch, slot }: Place,
  parentSlot: number,
  validatorsRoot: Uint8Array,
  hash: Uint8Array,
): Entry {
  const number = ENTRY_KINDS.indexOf(kind);
  return { kind: number, epoch, slot, parentSlot, validatorsRoot: validatorsRoot.slice(), hash: hash.slice() };
}
