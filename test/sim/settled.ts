// Between two events of a world every promise that can settle must have settled, or its traces would depend on how many
// microtasks a driver happens to need.

/**
 * Resolves when no microtask is left. Node runs what was given to `nextTick` in a microtask only after the whole
 * microtask queue, with all that was added to it meanwhile; it costs a tenth of a turn of the event loop.
 */
export function settled(): Promise<void> {
  return new Promise((resolve) => queueMicrotask(() => process.nextTick(resolve)));
}
