// Everything that a signer's record says: what was signed, and whether this record may sign at all. Pure: no disk, no
// key.

import {
  copiedEntry,
  type Entry,
  entryKind,
  floorEntry,
  isAbove,
  listenEntry,
  noteEntry,
  type Place,
} from './entry.ts';
import { SignerError } from './errors.ts';
import { SigningHistory } from './history.ts';

/**
 * Slots of which an export tells what was signed; below them it has a floor. Votes are asked for at most 64 slots ahead
 * of the lowest open slot, so every slot that can still need this validator is among them.
 */
const EXPORTED_SLOTS = 128;
/** An export's entries at most: floor, four a slot, and how long to listen. */
export const MAX_EXPORTED_ENTRIES = 2 + 4 * EXPORTED_SLOTS;

export class SignerState {
  readonly history = new SigningHistory();
  #copied: Entry | undefined;
  #sealed = false;
  #listenMs = 0;

  /** @param file for errors. @throws {SignerError} RECORD_CORRUPT when entries contradict each other. */
  static restore(entries: readonly Entry[], file: string): SignerState {
    const state = new SignerState();
    for (const entry of entries) {
      const broken = state.take(entry);
      if (broken === undefined) continue;
      throw new SignerError('RECORD_CORRUPT', `the signer's record ${file} contradicts itself: ${broken}`);
    }
    return state;
  }

  /** The first signature that was seen and is not in the record; its kind is not kept. */
  get copied(): Place | undefined {
    return this.#copied;
  }

  /** Whether the record was exported. */
  get sealed(): boolean {
    return this.#sealed;
  }

  /** How long the network must be listened to before anything is signed (ms). */
  get listenMs(): number {
    return this.#listenMs;
  }

  /** Takes in an entry that is in the record, or will be before its effect shows. @returns the rule that it breaks. */
  take(entry: Entry): string | undefined {
    switch (entryKind(entry)) {
      case 'FLOOR':
        this.history.raiseFloor(entry);
        return undefined;
      case 'COPIED':
        this.#copied ??= entry;
        return undefined;
      case 'RECOVERED':
        this.#copied = undefined;
        return undefined;
      case 'SEALED':
        this.#sealed = true;
        return undefined;
      case 'LISTEN':
        this.#listenMs = entry.slot;
        return undefined;
      case 'LISTENED':
        this.#listenMs = 0;
        return undefined;
      default: {
        const ruling = this.history.admit(entry);
        return ruling.kind === 'refused' ? ruling.rule : undefined;
      }
    }
  }

  /** The shortest list of entries that makes this state again. */
  entries(): Entry[] {
    return [
      ...this.history.entries(),
      ...(this.#copied === undefined ? [] : [copiedEntry(this.#copied)]),
      ...(this.#sealed ? [noteEntry('SEALED')] : []),
      ...(this.#listenMs === 0 ? [] : [listenEntry(this.#listenMs)]),
    ];
  }

  /** What the record of another host must begin with; bounded, at the price of a higher floor. */
  exported(): Entry[] {
    const entries = this.history.entries();
    const newest = entries.reduce<Place>((top, entry) => (isAbove(entry, top) ? entry : top), { epoch: 0, slot: 0 });
    const floor = { epoch: newest.epoch, slot: Math.max(0, newest.slot - EXPORTED_SLOTS) };
    const compact = new SignerState();
    for (const entry of [...entries, floorEntry(floor)]) compact.take(entry);
    return compact.history.entries();
  }
}
