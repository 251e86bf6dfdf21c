// `stake` and `unstake`: put units behind a validator, and take them out again. `account stakes` shows where they are.

import type { Command } from 'commander';
import type { CliContext } from './context.ts';
import { TRANSACTION_EXITS, type TransactionOptions, withTransaction } from './transaction-options.ts';

export function addStake(program: Command, context: CliContext): void {
  withTransaction(program.command('stake <validator> <amount>'))
    .description('Stake units on a validator: they earn a part of its rewards, and are slashed with it.')
    .addHelpText(
      'after',
      `
The validator is an address, the amount is in AIT. What would buy only a part of a share of the validator's pool stays in
the account; \`validator info\` shows the commission, and \`account stakes\` afterwards what is staked.
${TRANSACTION_EXITS}

Example:
  aitbc-node stake ait1dvlw5gz0yl3v05ysv57ucvd0v2ffm7cefzk0uv 250 --from alice --wait`,
    )
    .action(async (validator: string, amount: string, options: TransactionOptions) => {
      const { stakeOn } = await import('./stake-actions.ts');
      await stakeOn(context, validator, amount, options);
    });

  withTransaction(program.command('unstake <validator> <amount>'))
    .description('Take units out of a validator; they are paid out when the unbonding period is over.')
    .addHelpText(
      'after',
      `
The amount is in AIT, or all; as many whole shares of the validator's pool are sold as it takes. The unbonding period
begins when the present epoch has ended; \`account stakes\` shows when it is over. Until then the units earn nothing and
can still be slashed.
${TRANSACTION_EXITS}

Examples:
  aitbc-node unstake ait1dvlw5gz0yl3v05ysv57ucvd0v2ffm7cefzk0uv 100 --from alice --wait
  aitbc-node unstake ait1dvlw5gz0yl3v05ysv57ucvd0v2ffm7cefzk0uv all --from alice --wait`,
    )
    .action(async (validator: string, amount: string, options: TransactionOptions) => {
      const { unstakeFrom } = await import('./stake-actions.ts');
      await unstakeFrom(context, validator, amount, options);
    });
}
