// Who has to make room where too many from one part of the internet are: nobody crowds out others by coming in numbers.

/** Those of the neighbourhood that has most; of two with as many, the one that comes first. */
export function largestCrowd<T extends { readonly neighbourhood: string }>(all: readonly T[]): readonly T[] {
  const crowds = new Map<string, T[]>();
  for (const one of all) {
    const crowd = crowds.get(one.neighbourhood);
    if (crowd === undefined) crowds.set(one.neighbourhood, [one]);
    else crowd.push(one);
  }
  return [...crowds.values()].reduce<T[]>((most, crowd) => (crowd.length > most.length ? crowd : most), []);
}
