// `validator …`: become a validator, change its terms, come back from jail, report one that contradicts itself, and see
// how all of them do.

import type { Command } from 'commander';
import type { CliContext } from './context.ts';
import { type ClientOptions, withJson, withRpc } from './options.ts';
import { TRANSACTION_EXITS, type TransactionOptions, withTransaction } from './transaction-options.ts';

export interface RegisterOptions extends TransactionOptions {
  readonly selfBond: string;
  readonly commission: string;
  /** name of a key; the sending one when it is left out */
  readonly consensusKey?: string;
}

export interface UpdateOptions extends TransactionOptions {
  readonly commission?: string;
  readonly consensusKey?: string;
}

export function addValidator(program: Command, context: CliContext): void {
  const validator = program.command('validator').description('Be a validator, and see how validators do.');
  addRegister(validator, context);
  addUpdate(validator, context);
  addUnjail(validator, context);
  addReport(validator, context);

  withJson(withRpc(validator.command('info <address>')))
    .description('Print one validator: role, status, weight, stake, and how it does in this epoch.')
    .addHelpText('after', '\nExample:\n  aitbc-node validator info ait1rsaplx0fp6l70p5d7as32p570e458fjlse9pwc')
    .action(async (address: string, options: ClientOptions) => {
      const { showValidator } = await import('./validator-views.ts');
      await showValidator(context, address, options);
    });

  withJson(withRpc(validator.command('list')))
    .description('List the validators of this epoch, those without a seat, and who would be elected now.')
    .addHelpText('after', '\nExample:\n  aitbc-node validator list --json')
    .action(async (options: ClientOptions) => {
      const { listValidators } = await import('./validator-views.ts');
      await listValidators(context, options);
    });
}

function addRegister(validator: Command, context: CliContext): void {
  withTransaction(validator.command('register'))
    .description('Become a validator: stake on yourself and name the key that votes.')
    .requiredOption('--self-bond <AIT>', 'what the sender stakes on itself, in AIT')
    .option('--commission <percent>', "your part of your delegators' rewards, like 5%", '0%')
    .option('--consensus-key <key>', 'name of the key that votes, in the same data directory (default: that of --from)')
    .addHelpText(
      'after',
      `
The consensus key signs that it wants to act for the sender. It votes from the next epoch on, when the stake is enough
for a seat: start a node with --validator-key <key> before.
${TRANSACTION_EXITS}

Example:
  aitbc-node validator register --from operator --consensus-key validator --self-bond 10000 --commission 5% --wait`,
    )
    .action(async (options: RegisterOptions) => {
      const { register } = await import('./validator-actions.ts');
      await register(context, options);
    });
}

function addUpdate(validator: Command, context: CliContext): void {
  withTransaction(validator.command('update'))
    .description('Change the commission of your validator or the key that votes.')
    .option('--commission <percent>', "your part of your delegators' rewards from the next epoch on, like 5%")
    .option('--consensus-key <key>', 'name of the new key that votes from the next election on, never used before')
    .addHelpText(
      'after',
      `
A new key gets the seat with the next election. When too few are elected the present set continues, and the old key
votes on: run a node with each until 'validator info' shows the new key, then stop the old one.
${TRANSACTION_EXITS}

Examples:
  aitbc-node validator update --from operator --commission 7.5% --wait
  aitbc-node validator update --from operator --consensus-key validator-2 --wait`,
    )
    .action(async (options: UpdateOptions) => {
      const { update } = await import('./validator-actions.ts');
      await update(context, options);
    });
}

function addUnjail(validator: Command, context: CliContext): void {
  withTransaction(validator.command('unjail'))
    .description('Come back after your validator was jailed for being absent.')
    .addHelpText(
      'after',
      `
Allowed from the epoch that \`validator info\` names; the next election may seat the validator again.
${TRANSACTION_EXITS}

Example:
  aitbc-node validator unjail --from operator --wait`,
    )
    .action(async (options: TransactionOptions) => {
      const { unjail } = await import('./validator-actions.ts');
      await unjail(context, options);
    });
}

function addReport(validator: Command, context: CliContext): void {
  withTransaction(validator.command('report <evidence-id>'))
    .description('Bring evidence that a node holds onto the chain; who is first is paid a part of what is slashed.')
    .addHelpText(
      'after',
      `
The ids of evidence are in \`GET /rpc/consensus\` under "evidence".
${TRANSACTION_EXITS}

Example:
  aitbc-node validator report 5f0c… --from alice --wait`,
    )
    .action(async (id: string, options: TransactionOptions) => {
      const { report } = await import('./validator-actions.ts');
      await report(context, id, options);
    });
}
