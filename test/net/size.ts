// How much of the network tests runs: the short form in every run of the tests, the full one by `make test-net`.

export const FULL = process.env.NET === 'full';
/** Times are held to their bounds by the full form, on a machine of its own; beside other work only to multiples of them. */
export const LENIENCE = FULL ? 1 : 4;

/** A line that run.ts shows although nothing failed. */
export function report(line: string): void {
  console.log(`measured: ${line}`);
}
