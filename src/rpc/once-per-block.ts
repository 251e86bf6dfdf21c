// Answers that cost milliseconds and are the same for everyone until the next block: they are worked out once for each.

import type { Header } from '../primitives/block.ts';
import type { FinalizedState } from './dependencies.ts';

/** @returns `compute`, whose result is kept for as long as the header of the state is. It must not be changed. */
export function oncePerBlock<T>(compute: (state: FinalizedState) => T): (state: FinalizedState) => T {
  const known = new WeakMap<Header, { readonly answer: T }>();
  return (state) => {
    let entry = known.get(state.header);
    if (entry === undefined) {
      entry = { answer: compute(state) };
      known.set(state.header, entry);
    }
    return entry.answer;
  };
}
