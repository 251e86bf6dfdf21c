// Durations and sizes as people write them: `250ms`, `1s`, `64MiB`. A number without a unit is refused,
// because nobody can tell what it means.

const DURATION_UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const SIZE_UNITS: Readonly<Record<string, number>> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

export const DURATION_FORM = 'a whole number and ms, s, m or h, like 250ms or 1s';
export const SIZE_FORM = 'a whole number and B, KiB, MiB or GiB, like 64MiB';

/** Milliseconds, or undefined when the text is no duration. */
export function parseDuration(text: string): number | undefined {
  return parseQuantity(text, DURATION_UNITS);
}

/** Bytes, or undefined when the text is no size. */
export function parseSize(text: string): number | undefined {
  return parseQuantity(text, SIZE_UNITS);
}

/** The shortest exact text of a duration. @param milliseconds a whole number */
export function formatDuration(milliseconds: number): string {
  return formatQuantity(milliseconds, DURATION_UNITS);
}

export function formatSize(bytes: number): string {
  return formatQuantity(bytes, SIZE_UNITS);
}

function parseQuantity(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const match = /^(\d{1,15}) ?([A-Za-z]+)$/.exec(text.trim());
  const unit = match?.[2] === undefined ? undefined : units[match[2]];
  if (unit === undefined) return undefined;
  const value = Number(match?.[1]) * unit;
  return Number.isSafeInteger(value) ? value : undefined;
}

function formatQuantity(value: number, units: Readonly<Record<string, number>>): string {
  let best = '';
  for (const [name, factor] of Object.entries(units)) if (value % factor === 0) best = `${value / factor}${name}`;
  return value === 0 ? `0${Object.keys(units)[0]}` : best;
}
