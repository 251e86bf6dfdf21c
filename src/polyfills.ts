// What Node 20 lacks and libp2p's dependencies call. It must be evaluated before them: the first import of the binary,
// of worker entry points and of tests that load libp2p. Goes when Node 20 goes.

if (typeof Promise.withResolvers !== 'function') {
  Promise.withResolvers = function withResolvers<T>(): PromiseWithResolvers<T> {
    let settle: Pick<PromiseWithResolvers<T>, 'resolve' | 'reject'> | undefined;
    const promise = new Promise<T>((resolve, reject) => {
      settle = { resolve, reject };
    });
    // the executor above has run: promises call it at once
    return { promise, ...(settle as Pick<PromiseWithResolvers<T>, 'resolve' | 'reject'>) };
  };
}
