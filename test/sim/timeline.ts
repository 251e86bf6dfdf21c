// What happened in a world, kept until it is over and told only when it failed: who did what when, in lines with a lane
// for each node.

import { toHex } from '../../src/primitives/bytes.ts';
import type { Hash } from '../../src/primitives/hash.ts';

/** Lines that are told, the last ones before the end. */
const LINES = 80;
/** What concerns slots further than this from the one that went wrong is left out. */
const NEARBY_SLOTS = 2;
/** Digits of a hash: enough to tell blocks apart. */
const HASH_DIGITS = 8;

export interface TimelineEntry {
  /** ms of the world's time */
  readonly time: number;
  /** undefined: it befell the whole world */
  readonly node: number | undefined;
  readonly what: string;
  readonly slot?: number | undefined;
  readonly hash?: Hash | undefined;
}

export class Timeline {
  readonly #entries: TimelineEntry[] = [];
  readonly #start: number;
  readonly #nodes: number;

  /** @param start ms, from which times are counted */
  constructor(start: number, nodes: number) {
    this.#start = start;
    this.#nodes = nodes;
  }

  note(entry: TimelineEntry): void {
    this.#entries.push(entry);
  }

  /** @param around the slot that went wrong, if it was one: then only what concerns it or no slot at all */
  tell(around: number | undefined): string {
    const isRelevant = ({ slot }: TimelineEntry) =>
      around === undefined || slot === undefined || Math.abs(slot - around) <= NEARBY_SLOTS;
    const lines = this.#entries.filter(isRelevant).slice(-LINES);
    return lines.map((entry) => this.#line(entry)).join('\n');
  }

  #line({ time, node, what, slot, hash }: TimelineEntry): string {
    const seconds = ((time - this.#start) / 1000).toFixed(3).padStart(9);
    const lanes = Array.from({ length: this.#nodes }, (_, lane) => (lane === node ? '#' : '.')).join('');
    const who = node === undefined ? 'world' : `node ${node}`;
    const where = slot === undefined ? '' : `slot ${slot}`;
    const block = hash === undefined ? '' : ` ${toHex(hash).slice(0, HASH_DIGITS)}`;
    return `${seconds}  ${lanes}  ${who.padEnd(7)}  ${where.padEnd(9)} ${what}${block}`;
  }
}
