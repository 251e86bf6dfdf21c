// The work of `tx send`: a payment.

import { parseAddress } from '../primitives/address.ts';
import { utf8 } from '../primitives/bytes.ts';
import { MAX_MEMO_BYTES } from '../primitives/transaction.ts';
import { parseAit } from '../primitives/units.ts';
import type { CliContext } from './context.ts';
import { CliError } from './errors.ts';
import { submit } from './submit.ts';
import type { TransactionOptions } from './transaction-options.ts';

export interface SendOptions extends TransactionOptions {
  readonly to: string;
  readonly amount: string;
  readonly memo: string;
}

export async function send(context: CliContext, options: SendOptions): Promise<void> {
  const memo = utf8(options.memo);
  if (memo.length > MAX_MEMO_BYTES) {
    throw new CliError('usage', `the memo has ${memo.length} bytes, at most ${MAX_MEMO_BYTES} are allowed`);
  }
  const value = { to: parseAddress(options.to), amount: parseAit(options.amount), memo };
  await submit(context, options, { action: () => ({ selector: 0, value }) });
}
