// Options of the long runs that make starts. They come from the environment, as make passes them.

/** Runs the program, or tells what it can be told. */
export async function runOrHelp(help: string, run: () => Promise<void>): Promise<void> {
  if (process.env.HELP !== undefined || process.argv.includes('--help')) process.stdout.write(help);
  else await run();
}

/** @param least the smallest number that makes sense @throws {RangeError} */
export function readNumber(name: string, otherwise: number, least = 0): number {
  return asNumber(name, process.env[name] ?? String(otherwise), least);
}

/** @throws {RangeError} */
export function readNumbers(name: string, otherwise: readonly number[], least = 0): readonly number[] {
  return readList(name)?.map((text) => asNumber(name, text, least)) ?? otherwise;
}

/** What stands between commas; undefined when nothing does. */
export function readList(name: string): string[] | undefined {
  const text = process.env[name];
  return text === undefined || text === '' ? undefined : text.split(',');
}

function asNumber(name: string, text: string, least: number): number {
  const value = Number(text);
  if (text === '' || !Number.isSafeInteger(value) || value < least) {
    const bound = least === 0 ? '' : ` from ${least}`;
    throw new RangeError(`${name} is a whole number${bound}, not '${text}'; HELP=1 lists all options`);
  }
  return value;
}
