// What must hold in every world, checked from the outside: from what honest nodes signed, sent and committed. Written
// apart from the core and sharing none of its code.

import type { Block } from '../../src/primitives/block.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import { type Certificate, certificateMembers, FINAL, NOTAR, SKIP } from '../../src/primitives/consensus.ts';

/** An invariant does not hold: the implementation under test is wrong. */
export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation';
}

export class Invariants {
  readonly #weights: readonly number[];
  readonly #total: number;
  readonly #honest: (member: number) => boolean;
  /** `member/kind/slot` → hash, for every vote an honest node signed */
  readonly #signed = new Map<string, string>();
  readonly #proposed = new Map<string, string>();
  /** height → hash that some honest node committed */
  readonly #committed = new Map<number, string>();
  /** votes seen anywhere, `member/kind/slot/hash` */
  readonly #votes = new Set<string>();

  constructor(weights: readonly number[], honest: (member: number) => boolean) {
    this.#weights = weights;
    this.#total = weights.reduce((sum, weight) => sum + weight, 0);
    this.#honest = honest;
  }

  /** A node has signed a vote: an honest one never signs two that contradict each other. */
  voted(member: number, kind: number, slot: number, hash: Uint8Array): void {
    const hashHex = toHex(hash);
    this.#votes.add(`${member}/${kind}/${slot}/${hashHex}`);
    if (!this.#honest(member)) return;
    const key = `${member}/${kind}/${slot}`;
    const before = this.#signed.get(key);
    if (before !== undefined && before !== hashHex)
      throw new InvariantViolation(`member ${member} signed two votes of kind ${kind} in slot ${slot}`);
    this.#signed.set(key, hashHex);
    const has = (other: number) => this.#signed.has(`${member}/${other}/${slot}`);
    if (has(SKIP) && has(FINAL)) throw new InvariantViolation(`member ${member} signed SKIP and FINAL in slot ${slot}`);
    if (kind === FINAL && this.#signed.get(`${member}/${NOTAR}/${slot}`) !== hashHex) {
      throw new InvariantViolation(`member ${member} signed FINAL in slot ${slot} without its NOTAR`);
    }
  }

  proposed(member: number, slot: number, hash: Uint8Array): void {
    if (!this.#honest(member)) return;
    const key = `${member}/${slot}`;
    const before = this.#proposed.get(key);
    if (before !== undefined && before !== toHex(hash))
      throw new InvariantViolation(`member ${member} proposed twice in slot ${slot}`);
    this.#proposed.set(key, toHex(hash));
  }

  /** A certificate that an honest node made or passed on: every vote in it exists, and their weight is a quorum. */
  certified({ kind, slot, hash, ...certificate }: Certificate): void {
    let weight = 0;
    for (const member of certificateMembers({ kind, slot, hash, ...certificate })) {
      if (!this.#votes.has(`${member}/${kind}/${slot}/${toHex(hash)}`)) {
        throw new InvariantViolation(`a certificate of slot ${slot} holds a vote that member ${member} never cast`);
      }
      weight += this.#weights[member] ?? 0;
    }
    if (3 * weight <= 2 * this.#total)
      throw new InvariantViolation(`a certificate of slot ${slot} has weight ${weight} of ${this.#total}`);
  }

  /** An honest node has committed a block on top of `parent`. */
  committed(member: number, hash: Uint8Array, block: Block, parent: Uint8Array): void {
    const { height } = block.header;
    if (toHex(block.header.parent) !== toHex(parent)) {
      throw new InvariantViolation(`member ${member} committed height ${height} on a block that is not its parent`);
    }
    const before = this.#committed.get(height);
    if (before !== undefined && before !== toHex(hash))
      throw new InvariantViolation(`two blocks are final at height ${height}`);
    this.#committed.set(height, toHex(hash));
  }

  get height(): number {
    return this.#committed.size;
  }
}
