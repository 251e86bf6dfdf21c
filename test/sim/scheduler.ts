// Virtual time: a queue of things to happen, in the order of their time, ties in the order they were planned.

interface Entry {
  readonly time: number;
  readonly order: number;
  readonly run: () => void;
}

export class Scheduler {
  #now: number;
  #order = 0;
  readonly #heap: Entry[] = [];

  /** @param start ms since 1970 */
  constructor(start: number) {
    this.#now = start;
  }

  get now(): number {
    return this.#now;
  }

  after(delay: number, run: () => void): void {
    this.#push({ time: this.#now + Math.max(0, delay), order: this.#order++, run });
  }

  /** Runs the next entry. @returns false when nothing is planned. */
  advance(): boolean {
    const entry = this.#pop();
    if (entry === undefined) return false;
    this.#now = entry.time;
    entry.run();
    return true;
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let index = heap.push(entry) - 1;
    while (index > 0) {
      const above = (index - 1) >> 1;
      if (!before(entry, heap[above] as Entry)) break;
      heap[index] = heap[above] as Entry;
      index = above;
    }
    heap[index] = entry;
  }

  #pop(): Entry | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Entry, heap[child] as Entry)) child++;
      if (!before(heap[child] as Entry, last)) break;
      heap[index] = heap[child] as Entry;
      index = child;
    }
    heap[index] = last;
    return first;
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.time < b.time || (a.time === b.time && a.order < b.order);
}
