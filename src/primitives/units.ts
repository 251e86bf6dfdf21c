// Amounts as people write them, in AIT, and as the chain counts them, in units of 10⁻⁹ AIT. Exact: no float is involved.
// JSON never uses this form: there an amount is a decimal string of units.

import { MAX_AMOUNT } from './ssz.ts';

const DECIMALS = 9;
export const UNITS_PER_AIT: bigint = 10n ** BigInt(DECIMALS);

/** A text that is no amount of AIT; `message` says which rule it breaks. */
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
