// A hash over everything that happens in a world, in order: two runs of one seed must come to the same. Two lanes of
// FNV-1a over 32-bit words; it is no defence against anybody, only a witness.

const PRIME = 16777619;

export class Trace {
  #low = 0x811c9dc5;
  #high = 0x050c5d1f;
  readonly #time = new Float64Array(1);
  readonly #words = new Uint32Array(this.#time.buffer);

  /** @param time ms @param words what happened */
  note(time: number, ...words: readonly number[]): void {
    this.#time[0] = time;
    this.#mix(this.#words[0] as number);
    this.#mix(this.#words[1] as number);
    for (const word of words) this.#mix(word);
  }

  get hash(): string {
    return [this.#high, this.#low].map((lane) => (lane >>> 0).toString(16).padStart(8, '0')).join('');
  }

  #mix(word: number): void {
    this.#low = Math.imul(this.#low ^ word, PRIME);
    this.#high = Math.imul(this.#high ^ (word + 0x9e37), PRIME) ^ (this.#low >>> 15);
  }
}

/** Two words that tell bytes from other bytes, in a world where nobody looks for collisions. */
export function fingerprint(bytes: Uint8Array): readonly [number, number] {
  let high = 0x050c5d1f;
  let low = 0x811c9dc5;
  for (const byte of bytes) {
    low = Math.imul(low ^ byte, PRIME);
    high = Math.imul(high ^ byte, 0x5bd1e995) ^ (high >>> 13);
  }
  return [high, low];
}
