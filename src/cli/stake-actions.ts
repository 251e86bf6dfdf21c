// The transactions of `stake` and `unstake`.

import { parseAddress } from '../primitives/address.ts';
import { parseAit } from '../primitives/units.ts';
import type { CliContext } from './context.ts';
import { CliError } from './errors.ts';
import { submit } from './submit.ts';
import type { TransactionOptions } from './transaction-options.ts';

export async function stakeOn(
  context: CliContext,
  validator: string,
  amount: string,
  options: TransactionOptions,
): Promise<void> {
  const value = { validator: parseAddress(validator), amount: parsePositive(amount) };
  await submit(context, options, { action: () => ({ selector: 4, value }) });
}

export async function unstakeFrom(
  context: CliContext,
  validator: string,
  amount: string,
  options: TransactionOptions,
): Promise<void> {
  // Everything is written as zero in the transaction; typed as zero it would be a surprise.
  const value = { validator: parseAddress(validator), amount: amount === 'all' ? 0n : parsePositive(amount) };
  await submit(context, options, { action: () => ({ selector: 5, value }) });
}

function parsePositive(amount: string): bigint {
  const units = parseAit(amount);
  if (units === 0n) throw new CliError('usage', 'the amount is zero', { hint: '`unstake` takes "all" for everything' });
  return units;
}
