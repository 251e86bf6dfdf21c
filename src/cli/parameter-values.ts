// Parameters of the network as people write and read them: `name=value`, with or without a unit.

import { formatDuration, formatSize, parseDuration, parseSize } from '../node/config/units.ts';
import { MAX_PARAMETER_CHANGES, type ParameterChange } from '../primitives/governance.ts';
import { parameterFaults } from '../primitives/parameter-bounds.ts';
import {
  PARAMETER_KEYS,
  PARAMETER_NAMES,
  type ParameterName,
  Parameters,
  parameterKey,
} from '../primitives/parameters.ts';
import { AmountType, MAX_AMOUNT } from '../primitives/ssz.ts';
import { formatAit, formatPercent, parseAit, parsePercent, UnitsError } from '../primitives/units.ts';
import { CliError } from './errors.ts';

/** What a parameter measures. Without a unit a value is in the parameter's own. */
interface Kind {
  readonly own: string;
  readonly example: string;
  /** undefined when the text is none; may throw {UnitsError} */
  parse(text: string): bigint | number | undefined;
  format(value: bigint | number): string;
}

const AMOUNT: Kind = {
  own: 'units of 10⁻⁹ AIT',
  example: '1.5AIT',
  parse: (text) => (text.endsWith('AIT') ? parseAit(text) : undefined),
  format: (value) => formatAit(BigInt(value)),
};
const DURATION: Kind = {
  own: 'ms',
  example: '30s',
  parse: parseDuration,
  format: (value) => formatDuration(Number(value)),
};
const SHARE: Kind = {
  own: 'millionths',
  example: '50%',
  parse: (text) => (text.endsWith('%') ? parsePercent(text) : undefined),
  format: (value) => formatPercent(Number(value)),
};
const SIZE: Kind = { own: 'bytes', example: '1MiB', parse: parseSize, format: (value) => formatSize(Number(value)) };
const COUNT: Kind = { own: 'a number', example: '100', parse: () => undefined, format: String };

const SHARES: ReadonlySet<ParameterName> = new Set(['authorityShare', 'proposerBonus']);
const COUNTS: ReadonlySet<ParameterName> = new Set(['maxStakers', 'minValidators']);

function kindOf(name: ParameterName): Kind {
  if (Parameters.fields[name] instanceof AmountType) return AMOUNT;
  if (SHARES.has(name)) return SHARE;
  if (COUNTS.has(name)) return COUNT;
  return name === 'maxBlockBytes' ? SIZE : DURATION;
}

/** The value in the parameter's own unit, and in one for people where that differs. */
export function describeParameter(name: ParameterName, value: bigint | number): string {
  const text = kindOf(name).format(value);
  return text === String(value) ? text : `${value}  (${text})`;
}

/** @param texts like `epoch_duration=2h`. @throws {CliError} */
export function parseChanges(texts: readonly string[]): ParameterChange[] {
  if (texts.length > MAX_PARAMETER_CHANGES) {
    throw new CliError('usage', `${texts.length} changes, at most ${MAX_PARAMETER_CHANGES} fit into a proposal`);
  }
  const changes = texts.map(parseChange);
  const twice = changes.find(({ parameter }, index) => changes.findIndex((one) => one.parameter === parameter) < index);
  if (twice === undefined) return changes;
  throw new CliError('usage', `${parameterKey(parameterOf(twice))} is set twice`);
}

/**
 * What the network would refuse of a proposal that is made now.
 * @param present the parameters in force
 * @throws {CliError} naming the bounds
 */
export function checkChanges(present: Parameters, changes: readonly ParameterChange[]): void {
  const changed = changes.map((change) => {
    const name = parameterOf(change);
    return [name, typeof present[name] === 'bigint' ? change.value : Number(change.value)] as const;
  });
  const [fault] = parameterFaults({ ...present, ...Object.fromEntries(changed) });
  if (fault === undefined) return;
  throw new CliError('usage', `${parameterKey(fault.parameter)} ${fault.message}`, {
    hint: '`aitbc-node governance params` shows the present values',
  });
}

function parseChange(text: string): ParameterChange {
  const [, key = '', value = ''] = /^([^=]*)=(.*)$/.exec(text) ?? [];
  const parameter = PARAMETER_KEYS.indexOf(key);
  const name = PARAMETER_NAMES[parameter];
  if (name === undefined) {
    throw new CliError('usage', `"${text}" sets no parameter of the network`, {
      hint: `write name=value; the names are ${PARAMETER_KEYS.join(', ')}`,
    });
  }
  return { parameter, value: parseValue(name, value) };
}

function parseValue(name: ParameterName, text: string): bigint {
  const { own, example, parse } = kindOf(name);
  try {
    const value = /^\d{1,20}$/.test(text) ? BigInt(text) : parse(text);
    if (value !== undefined && BigInt(value) <= MAX_AMOUNT) return BigInt(value);
  } catch (error) {
    if (!(error instanceof UnitsError)) throw error;
  }
  throw new CliError('usage', `${parameterKey(name)}: "${text}" is not allowed`, {
    hint: `write a whole number (${own}), or like ${example}`,
  });
}

function parameterOf({ parameter }: ParameterChange): ParameterName {
  const name = PARAMETER_NAMES[parameter];
  if (name === undefined) throw new RangeError(`no parameter ${parameter}`);
  return name;
}
