// Amounts and shares as people write them, in AIT and percent, and as the chain counts them, in units of 10⁻⁹ AIT and in
// millionths. Exact: no float is involved. JSON never uses this form: there an amount is a decimal string of units.

import { MAX_AMOUNT } from './ssz.ts';

const DECIMALS = 9;
export const UNITS_PER_AIT: bigint = 10n ** BigInt(DECIMALS);

/** A text that is no amount of AIT or no percentage; `message` says which rule it breaks. */
export class UnitsError extends Error {
  override readonly name = 'UnitsError';
}

const AIT = /^(0|[1-9][0-9]*)(?:\.([0-9]+))?(?: ?AIT)?$/;

/**
 * Reads "1.5 AIT", "1.5AIT" or "1.5": at most nine decimals, no sign, no exponent, no leading zero.
 * @returns units.
 * @throws {UnitsError}
 */
export function parseAit(text: string): bigint {
  const [, whole, fraction = ''] = AIT.exec(text) ?? [];
  if (whole === undefined) throw new UnitsError('an amount is written like "1.5 AIT" or "1.5"');
  if (fraction.length > DECIMALS) {
    throw new UnitsError(`an amount has at most ${DECIMALS} decimals, this one has ${fraction.length}`);
  }
  // 2^64 units have 11 digits before the point; more is refused before it costs anything.
  if (whole.length > 11) throw new UnitsError(TOO_LARGE);
  const units = BigInt(whole) * UNITS_PER_AIT + BigInt(fraction.padEnd(DECIMALS, '0'));
  if (units > MAX_AMOUNT) throw new UnitsError(TOO_LARGE);
  return units;
}

/** "1.5 AIT": no zeros at the end of the decimals. */
export function formatAit(units: bigint): string {
  const whole = units / UNITS_PER_AIT;
  const fraction = (units % UNITS_PER_AIT).toString().padStart(DECIMALS, '0').replace(/0+$/, '');
  return `${whole}${fraction === '' ? '' : `.${fraction}`} AIT`;
}

const TOO_LARGE = `an amount is at most ${formatAit(MAX_AMOUNT)}`;

const PERCENT = /^(0|[1-9][0-9]{0,2})(?:\.([0-9]{1,4}))? ?%$/;

/**
 * Reads "5%" or "0.25%": from 0 to 100, at most four decimals.
 * @returns millionths.
 * @throws {UnitsError}
 */
export function parsePercent(text: string): number {
  const [, whole, fraction = ''] = PERCENT.exec(text) ?? [];
  const millionths = Number(`${whole}${fraction.padEnd(4, '0')}`);
  if (whole !== undefined && millionths <= 1_000_000) return millionths;
  throw new UnitsError('a share is written like "5%" or "0.25%", from 0% to 100%');
}

/** "0.25%": no zeros at the end of the decimals. @param millionths a whole number */
export function formatPercent(millionths: number): string {
  const whole = Math.floor(millionths / 10_000);
  const fraction = String(millionths % 10_000)
    .padStart(4, '0')
    .replace(/0+$/, '');
  return `${whole}${fraction === '' ? '' : `.${fraction}`}%`;
}
