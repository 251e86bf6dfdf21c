// What many worlds of one size came to: so that a run without faults cannot pass for one with them, and two runs of the
// same seeds can be compared.

import { toHex, utf8 } from '../../src/primitives/bytes.ts';
import { sha256 } from '../../src/primitives/hash.ts';
import type { WorldResult } from './world.ts';

export class Totals {
  worlds = 0;
  slots = 0;
  epochs = 0;
  lateVotes = 0;
  #events = 0;
  #virtualSeconds = 0;
  #recovery = 0;
  readonly #faults = new Map<string, number>();
  /** the most of everything that is bounded */
  readonly #most = new Map<string, number>();
  readonly #traces = new Map<number, string>();

  add(seed: number, result: WorldResult): void {
    const { slots, epochs, lateVotes, steps, virtualSeconds, recovery, faults, held, busiest, trace } = result;
    this.worlds++;
    this.slots += slots;
    this.epochs += epochs;
    this.lateVotes += lateVotes;
    this.#events += steps;
    this.#virtualSeconds += virtualSeconds;
    this.#recovery = Math.max(this.#recovery, recovery);
    this.#traces.set(seed, trace);
    for (const [fault, count] of Object.entries(faults)) this.#faults.set(fault, this.count(fault) + count);
    const bounded = { ...held, 'messages a second': busiest.messages, 'bytes a second': busiest.bytes };
    for (const [what, count] of Object.entries(bounded)) {
      this.#most.set(what, Math.max(this.#most.get(what) ?? 0, count));
    }
  }

  count(fault: string): number {
    return this.#faults.get(fault) ?? 0;
  }

  /** over the traces of all worlds, whatever the order in which they ended */
  get trace(): string {
    const traces = [...this.#traces].sort(([a], [b]) => a - b).map(([seed, trace]) => `${seed}:${trace}`);
    return toHex(sha256(utf8(traces.join()))).slice(0, 16);
  }

  /** in lines */
  tell(): string {
    const list = (counts: Iterable<readonly [string, number]>) =>
      [...counts]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, count]) => `${name} ${count}`)
        .join(', ');
    return [
      `${this.worlds} worlds, ${this.epochs === 0 ? `${this.slots} slots` : `${this.epochs} epochs`}, ${this.lateVotes} late votes, ${this.#events} events, ${Math.round(this.#virtualSeconds)} virtual seconds, trace ${this.trace}`,
      `  faults: ${list(this.#faults)}`,
      `  at most: ${list(this.#most)}, recovered after ${(this.#recovery / 1000).toFixed(1)} s`,
    ].join('\n');
  }
}
