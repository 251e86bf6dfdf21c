// The slots above the committed block: how far they are settled (the front), the newest Final, and what the rules of
// justification ask about them. Asks and sends nothing; every change of what is held comes from the core.

import { equalBytes, toHex } from '../primitives/bytes.ts';
import { type Certificate, NOTAR, type Vote } from '../primitives/consensus.ts';
import { LATE_VOTE_BLOCKS } from '../primitives/epoch.ts';
import type { Hash } from '../primitives/hash.ts';
import type { JournalRecord } from '../primitives/journal.ts';
import { Slot } from './slot.ts';
import type { Anchor, Held } from './types.ts';

/** Votes and proposals further ahead of the front than this are ignored: nobody honest is there. */
export const WINDOW = 64;

/**
 * For so many slots after its block was committed it is kept who signed what in a slot, so that a member that
 * contradicts itself late is still found out: as long as honest nodes may be behind. Of 100 members it is 5 MB.
 */
export const REMEMBERED_SLOTS = 64;

/** A block to build on, and what says so; the epoch's slot 0 needs no certificate. */
export type CertifiedParent = Omit<Anchor, 'header'>;

export class Slots {
  readonly #slots = new Map<number, Slot>();
  /** closed slots, up to the committed one */
  readonly #past = new Map<number, Slot>();
  /** the newest Final; its block may still be missing or unexecuted */
  #lastFinal: CertifiedParent;
  /** the newest Final whose block is in the database */
  #committed: CertifiedParent;
  #front: number;

  constructor(anchor: Anchor) {
    this.#lastFinal = anchor;
    this.#committed = anchor;
    this.#front = anchor.slot + 1;
  }

  /** Lowest slot that no certificate settles, as of the last `advance`. */
  get front(): number {
    return this.#front;
  }

  get lastFinal(): CertifiedParent {
    return this.#lastFinal;
  }

  get committed(): CertifiedParent {
    return this.#committed;
  }

  /** The slot if anything of it is held. */
  get(number: number): Slot | undefined {
    return this.#slots.get(number);
  }

  /** A slot of which it is known who signed what, be it open or past. */
  remembered(number: number): Slot | undefined {
    return this.#slots.get(number) ?? this.#past.get(number);
  }

  /** The slot, new if nothing of it is held. */
  at(number: number): Slot {
    let slot = this.#slots.get(number);
    if (slot === undefined) {
      slot = new Slot(number);
      this.#slots.set(number, slot);
    }
    return slot;
  }

  get held(): Pick<Held, 'slots' | 'votes' | 'proposals'> {
    let votes = 0;
    let proposals = 0;
    for (const slot of this.#slots.values()) {
      votes += slot.voteCount;
      proposals += slot.proposals.length;
    }
    return { slots: this.#slots.size, votes, proposals };
  }

  /** Those above the last Final, in the order in which they were first heard of. */
  get open(): Slot[] {
    return [...this.#slots.values()].filter(({ number }) => number > this.#lastFinal.slot);
  }

  /** Whether votes and proposals of a slot are taken in now. */
  isInWindow(number: number): boolean {
    return number > this.#lastFinal.slot && number <= this.#front + WINDOW;
  }

  /** Moves the front past what is settled. */
  advance(): void {
    if (this.#front <= this.#lastFinal.slot) this.#front = this.#lastFinal.slot + 1;
    while (this.#slots.get(this.#front)?.cleared) this.#front++;
  }

  /** @returns whether this Final is newer than any before */
  finalize(final: CertifiedParent): boolean {
    if (final.slot <= this.#lastFinal.slot) return false;
    this.#lastFinal = final;
    return true;
  }

  /** The block of this Final is in the database: what is held at or below its slot has served. */
  commit(final: CertifiedParent): void {
    if (final.slot > this.#committed.slot) this.#committed = final;
    for (const slot of this.#slots.values()) {
      if (slot.number > this.#committed.slot) continue;
      this.#slots.delete(slot.number);
      slot.close();
      this.#past.set(slot.number, slot);
    }
    for (const number of this.#past.keys()) {
      if (number <= this.#committed.slot - REMEMBERED_SLOTS) this.#past.delete(number);
    }
  }

  /** A Final counts as a Notar. */
  notarizedIn(number: number, hash: Hash): boolean {
    if (number === this.#lastFinal.slot) return equalBytes(hash, this.#lastFinal.hash);
    return this.#slots.get(number)?.notars.has(toHex(hash)) ?? false;
  }

  /** The first slot between two that has no Skip. */
  notSkipped(parentSlot: number, slot: number): number | undefined {
    for (let between = parentSlot + 1; between < slot; between++) {
      if (this.#slots.get(between)?.skip === undefined) return between;
    }
    return undefined;
  }

  /** The Skips held of the slots between two. */
  skips(parentSlot: number, slot: number): Certificate[] {
    const skips: Certificate[] = [];
    for (let between = parentSlot + 1; between < slot; between++) {
      const skip = this.#slots.get(between)?.skip;
      if (skip !== undefined) skips.push(skip);
    }
    return skips;
  }

  /** NOTARs of the newest notarized slots up to one that is built on: the block may record who took part late. */
  lateVotes(parentSlot: number, quorum: number): Vote[] {
    const votes: Vote[] = [];
    const oldest = Math.max(1, this.#committed.slot - REMEMBERED_SLOTS + 1);
    for (let number = parentSlot, blocks = 0; number >= oldest && blocks < LATE_VOTE_BLOCKS; number--) {
      const notars = this.remembered(number)?.notarVotes(quorum);
      if (notars === undefined) continue;
      votes.push(...notars);
      blocks++;
    }
    return votes;
  }

  /** What the leader of the front builds on: the highest notarized slot; all between have a Skip, being settled. */
  parentOfFront(): CertifiedParent {
    for (let below = this.#front - 1; below > this.#lastFinal.slot; below--) {
      const [certificate] = this.#slots.get(below)?.notars.values() ?? [];
      if (certificate !== undefined) return { slot: below, hash: certificate.hash, certificate };
    }
    return this.#lastFinal;
  }

  /** A Final of the same slot and another block: impossible while less than a third of the weight misbehaves. */
  conflictingFinal(number: number, hash: Hash): Certificate | undefined {
    const held = number === this.#lastFinal.slot ? this.#lastFinal.certificate : this.#slots.get(number)?.final;
    return held !== undefined && !equalBytes(held.hash, hash) ? held : undefined;
  }

  /** The Finals whose blocks are not in the database yet. */
  get finals(): Certificate[] {
    return [...this.#slots.values()].flatMap(({ final }) => final ?? []);
  }

  /** Certificates held for the slots from … to, lowest first, after the last Final. */
  certificates(from: number, to: number): Certificate[] {
    const held = ascending(this.#slots.values())
      .filter(({ number }) => number >= from && number <= to)
      .flatMap((slot) => slot.certificates);
    const { certificate } = this.#lastFinal;
    return certificate === undefined ? held : [certificate, ...held];
  }

  /** A certificate that settles `hash`, if one is held. */
  certificateFor(hashHex: string): Certificate | undefined {
    for (const slot of this.#slots.values()) {
      if (slot.final !== undefined && toHex(slot.final.hash) === hashHex) return slot.final;
      const notar = slot.notars.get(hashHex);
      if (notar !== undefined) return notar;
    }
    return undefined;
  }

  /** What a fresh journal must hold to take the place of the present one. */
  journal(): JournalRecord[] {
    const records: JournalRecord[] = [];
    const { certificate } = this.#lastFinal;
    if (certificate !== undefined) records.push({ selector: 3, value: certificate });
    for (const slot of this.#slots.values()) {
      for (const value of slot.certificates) records.push({ selector: 3, value });
      if (slot.ownProposal !== undefined) records.push({ selector: 1, value: slot.ownProposal });
      const notar = slot.ownVotes.get(NOTAR);
      const voted = notar && slot.proposals.find(({ hash }) => equalBytes(hash, notar.hash));
      if (voted !== undefined) records.push({ selector: 0, value: voted.proposal });
      for (const value of slot.ownVotes.values()) records.push({ selector: 2, value });
    }
    return records;
  }
}

export function ascending(slots: Iterable<Slot>): Slot[] {
  return [...slots].sort((a, b) => a.number - b.number);
}
