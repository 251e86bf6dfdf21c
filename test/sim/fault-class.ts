// The classes of faults that a world can be told to go WITHOUT, so that a failure can be made smaller until only what it
// takes is left. Faulty members are turned off one by one, by FAULTY.

export const FAULT_CLASSES = [
  'loss',
  'duplication',
  'lateness',
  'partitions',
  'crashes',
  'write-crashes',
  'blackouts',
  'forgetting',
  'slow-disks',
  'slow-execution',
  'slow-signatures',
  'clock-errors',
  'distance',
  'topology',
  'weights',
] as const;

export type FaultClass = (typeof FAULT_CLASSES)[number];

/** @throws {RangeError} */
export function asFaultClass(name: string): FaultClass {
  const found = FAULT_CLASSES.find((one) => one === name);
  if (found === undefined) throw new RangeError(`no class of faults '${name}'; there are ${FAULT_CLASSES.join(', ')}`);
  return found;
}
