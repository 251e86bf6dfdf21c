// Silent leaders (docs/protocol.md §7): a member that has signed nothing for a while is passed over after about one
// message delay instead of a whole timeout, within a bounded budget, so that a dead validator costs little and a living
// one that is merely slow cannot be shut out.

import type { Members } from './members.ts';

/** Silent: no signature in the last this many × n slots in which a quorum signed. */
const SILENT_AFTER_ROUNDS = 2;

export class Silence {
  readonly #size: number;
  /** slots in which a quorum signed, counted since this node started */
  #heard = 0;
  /** value of `#heard` when the member last signed something */
  readonly #lastHeard: number[];
  /** slots passed over, ascending */
  #passed: number[] = [];
  #highest = 0;

  constructor(members: Members) {
    this.#size = members.size;
    this.#lastHeard = members.list.map(() => 0);
  }

  /** How far back (in slots) a late signature still tells that its member lives. */
  get horizon(): number {
    return SILENT_AFTER_ROUNDS * this.#size;
  }

  /** Whether another signature of the member would tell that it lives. */
  isNews(member: number): boolean {
    return (this.#lastHeard[member] as number) < this.#heard;
  }

  isSilent(member: number): boolean {
    return this.#heard - (this.#lastHeard[member] as number) >= this.horizon;
  }

  signed(member: number): void {
    this.#lastHeard[member] = this.#heard;
  }

  /** A certificate shows that a quorum signed in this slot. */
  quorumSigned(slot: number): void {
    if (slot <= this.#highest) return;
    this.#highest = slot;
    this.#heard++;
  }

  /** Whether the leader of `slot` may be passed over at once; remembers that it was. */
  passOver(slot: number, leader: number, lastFinalSlot: number): boolean {
    if (!this.isSilent(leader)) return false;
    if (slot - lastFinalSlot > this.#size) return false;
    this.#passed = this.#passed.filter((passed) => passed > slot - this.#size);
    if (this.#passed.length >= Math.floor(this.#size / 3)) return false;
    this.#passed.push(slot);
    return true;
  }
}
