// A binary heap that can tell its items where they stand, so that one in the middle can be removed or moved.

/**
 * The item that comes before all others is at the top. `before` must be a strict order.
 * `place` is told each item's position whenever it changes; positions are what `remove` and `update` take.
 */
export class Heap<T> {
  readonly #items: T[];
  readonly #before: (a: T, b: T) => boolean;
  readonly #place: (item: T, position: number) => void;

  /** Takes over `items` and orders them: O(n). */
  constructor(before: (a: T, b: T) => boolean, place: (item: T, position: number) => void = ignore, items: T[] = []) {
    this.#before = before;
    this.#place = place;
    this.#items = items;
    items.forEach(place);
    for (let position = (items.length >> 1) - 1; position >= 0; position--) this.#sink(position);
  }

  get size(): number {
    return this.#items.length;
  }

  peek(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    this.#items.push(item);
    this.#rise(this.#items.length - 1);
  }

  pop(): T | undefined {
    const top = this.#items[0];
    if (top !== undefined) this.remove(0);
    return top;
  }

  remove(position: number): void {
    const last = this.#items.pop();
    if (last === undefined || position === this.#items.length) return;
    this.#items[position] = last;
    this.update(position);
  }

  /** Restores the order after the item at `position` has changed. */
  update(position: number): void {
    this.#sink(this.#rise(position));
  }

  #rise(from: number): number {
    const item = this.#items[from] as T;
    let position = from;
    while (position > 0) {
      const above = (position - 1) >> 1;
      const parent = this.#items[above] as T;
      if (!this.#before(item, parent)) break;
      this.#set(position, parent);
      position = above;
    }
    this.#set(position, item);
    return position;
  }

  #sink(from: number): void {
    const item = this.#items[from] as T;
    const length = this.#items.length;
    let position = from;
    for (;;) {
      let child = 2 * position + 1;
      if (child >= length) break;
      if (child + 1 < length && this.#before(this.#items[child + 1] as T, this.#items[child] as T)) child++;
      if (!this.#before(this.#items[child] as T, item)) break;
      this.#set(position, this.#items[child] as T);
      position = child;
    }
    this.#set(position, item);
  }

  #set(position: number, item: T): void {
    this.#items[position] = item;
    this.#place(item, position);
  }
}

function ignore(): void {
  // Most heaps never move an item from the outside.
}
