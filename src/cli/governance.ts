// `governance …`: propose a change of the network, vote on one, and see how the votes stand. Only validators of the
// present epoch propose and vote.

import type { Command } from 'commander';
import type { CliContext } from './context.ts';
import { type ClientOptions, withJson, withRpc } from './options.ts';
import { TRANSACTION_EXITS, type TransactionOptions, withTransaction } from './transaction-options.ts';

export interface ProposeOptions extends TransactionOptions {
  /** undefined: the next one after it has passed */
  readonly epoch?: string;
}

export function addGovernance(program: Command, context: CliContext): void {
  const governance = program
    .command('governance')
    .description('Change the network together: propose, vote, see how votes stand.');
  addPropose(governance, context);

  withTransaction(governance.command('vote <id> <choice>'))
    .description('Vote yes or no on an open proposal; a later vote takes the place of an earlier one.')
    .addHelpText(
      'after',
      `
${TRANSACTION_EXITS}

Example:
  aitbc-node governance vote 3 yes --from operator --wait`,
    )
    .action(async (id: string, choice: string, options: TransactionOptions) => {
      const { vote } = await import('./governance-actions.ts');
      await vote(context, id, choice, options);
    });

  withJson(withRpc(governance.command('list')))
    .description('List open proposals with their tallies, and those decided last.')
    .addHelpText('after', '\nExample:\n  aitbc-node governance list --json')
    .action(async (options: ClientOptions) => {
      const { listProposals } = await import('./governance-views.ts');
      await listProposals(context, options);
    });

  withJson(withRpc(governance.command('show <id>')))
    .description('Print one proposal with every vote.')
    .addHelpText('after', '\nExample:\n  aitbc-node governance show 3')
    .action(async (id: string, options: ClientOptions) => {
      const { showProposal } = await import('./governance-views.ts');
      await showProposal(context, id, options);
    });

  withJson(withRpc(governance.command('params')))
    .description('Print the parameters of the present epoch, which `propose set-parameters` can change.')
    .addHelpText('after', '\nExample:\n  aitbc-node governance params --json')
    .action(async (options: ClientOptions) => {
      const { showParameters } = await import('./governance-views.ts');
      await showParameters(context, options);
    });
}

function addPropose(governance: Command, context: CliContext): void {
  const propose = governance.command('propose').description('Propose a change; it needs two thirds of the weight.');

  withProposal(propose.command('add-authority <address> <public-key>'))
    .description('Give an account a seat as authority, with the consensus key that votes for it.')
    .addHelpText(
      'after',
      `
${TRANSACTION_EXITS}

Example:
  aitbc-node governance propose add-authority ait1… 5f0c… --from operator --wait`,
    )
    .action(async (address: string, publicKey: string, options: ProposeOptions) => {
      const { proposeAddAuthority } = await import('./governance-actions.ts');
      await proposeAddAuthority(context, address, publicKey, options);
    });

  withProposal(propose.command('remove-authority <address>'))
    .description('Take an authority its seat.')
    .addHelpText(
      'after',
      `
${TRANSACTION_EXITS}

Example:
  aitbc-node governance propose remove-authority ait1… --from operator --wait`,
    )
    .action(async (address: string, options: ProposeOptions) => {
      const { proposeRemoveAuthority } = await import('./governance-actions.ts');
      await proposeRemoveAuthority(context, address, options);
    });

  withProposal(propose.command('set-parameters <name=value...>'))
    .description('Set parameters of the network.')
    .addHelpText(
      'after',
      `
Names and present values are those of \`governance params\`. A value stands in the parameter's own unit (10⁻⁹ AIT,
milliseconds, millionths, bytes), or names a unit: 1.5AIT, 30s, 50%, 1MiB.
${TRANSACTION_EXITS}

Example:
  aitbc-node governance propose set-parameters epoch_duration=12h authority_share=50% --epoch 40 --from operator --wait`,
    )
    .action(async (changes: string[], options: ProposeOptions) => {
      const { proposeParameters } = await import('./governance-actions.ts');
      await proposeParameters(context, changes, options);
    });

  withProposal(propose.command('upgrade <protocol-version>'))
    .description('From an epoch on nodes must speak this version of the protocol; older ones stop before it.')
    .addHelpText(
      'after',
      `
${TRANSACTION_EXITS}

Example:
  aitbc-node governance propose upgrade 2 --epoch 40 --from operator --wait`,
    )
    .action(async (version: string, options: ProposeOptions) => {
      const { proposeUpgrade } = await import('./governance-actions.ts');
      await proposeUpgrade(context, version, options);
    });
}

function withProposal(command: Command): Command {
  return withTransaction(command).option(
    '--epoch <number>',
    'the epoch with which it takes effect (default: the next one after it has passed)',
  );
}
