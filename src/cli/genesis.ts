// `genesis create` and `genesis check`: the file that starts a network, written from options and explained.

import type { Command } from 'commander';
import { type CliContext, columns, type JsonOption, printResult } from './context.ts';
import { CliError } from './errors.ts';
import type { CreateGenesisOptions } from './genesis-options.ts';
import { withJson } from './options.ts';

export function addGenesis(program: Command, context: CliContext): void {
  const genesis = program.command('genesis').description('Make and check the file that starts a network.');
  addCreate(genesis, context);
  withJson(genesis.command('check <file>'))
    .description('Say what is wrong with a genesis file, and what its author should know about it.')
    .addHelpText(
      'after',
      '\nExits with 9 when the file can not start a network.\n\nExample:\n  aitbc-node genesis check genesis.json',
    )
    .action((file: string, options: JsonOption) => check(context, file, options));
}

function addCreate(genesis: Command, context: CliContext): void {
  withJson(genesis.command('create'))
    .description('Write a genesis file.')
    .requiredOption('--chain-id <name>', 'name of the chain, like ait-mynet')
    .option('--mode <mode>', 'who votes: poa (authorities), pos (stakers) or hybrid (both)', 'poa')
    .option(
      '--authority <key:address...>',
      'public key (64 hex digits) of an authority; its account (default: that of the key) may be left out; repeat it for each',
    )
    .option(
      '--stake <key:amount:commission:address...>',
      'public key of a staker and its self-bond in AIT, which its account pays; commission (default: 0%) and account may be left out; repeat it for each',
    )
    .option('--account <address:amount...>', 'an account and its balance in AIT; repeat it for each')
    .option('--time <when>', 'start of the chain, as ISO 8601 (default: now)')
    .option('--block-time <duration>', 'longest wait for a block when nothing waits', '1s')
    .option('--min-block-interval <duration>', 'shortest time between two blocks', '100ms')
    .option('--message-delay <duration>', 'bound on one message delay in good times', '1s')
    .option('--execution-allowance <duration>', 'what verifying a full block may take', '500ms')
    .option('--timer-cap <duration>', 'longest slot timer (default: 8 times the first one)')
    .option('--resend-interval <duration>', 'how long without finality until votes are sent again', '2s')
    .option('--max-block-bytes <bytes>', 'size of the largest block', '1048576')
    .option('--min-fee <units>', 'fee of any transaction, in units (1 AIT = 10^9 units)', '1000')
    .option('--fee-per-byte <units>', 'added for each byte of a transaction', '10')
    .option('--account-fee <units>', 'added for each account that a transaction creates', '10000')
    .option('--epoch-duration <duration>', 'how long a set of validators votes', '6h')
    .option('--evidence-window <duration>', 'how long an equivocation can be punished', '168h')
    .option('--unbonding-period <duration>', 'from unstaking to the payout', '336h')
    .option('--voting-period <duration>', 'how long a proposal of governance is open', '168h')
    .option('--min-self-bond <amount>', 'what a staker must have staked on itself, in AIT', '10000')
    .option('--min-stake <amount>', 'the smallest stake, in AIT', '1')
    .option('--max-stakers <number>', 'seats of stakers', '100')
    .option('--min-validators <number>', 'a smaller set is not elected (default: 4, or one less than are given)')
    .option(
      '--target-bonded <amount>',
      'hybrid: with so much staked, in AIT, stakers hold their whole share',
      '1000000',
    )
    .option('--authority-share <percent>', 'hybrid: share of the weight that authorities keep', '70%')
    .option('--proposer-bonus <percent>', 'part of the rewards for recording the votes of others', '5%')
    .option('--epoch-reward <amount>', 'new coins in each epoch, in AIT', '0')
    .option('--out <file>', 'where to write; it must not exist', 'genesis.json')
    .addHelpText(
      'after',
      `
Examples:
  aitbc-node genesis create --chain-id ait-mynet --authority <public key> --authority <public key> --account ait1…:1000000
  aitbc-node genesis create --chain-id ait-mynet --mode hybrid --authority <public key> \\
    --stake <public key>:20000:5% --account <address of that key>:30000`,
    )
    .action((options: CreateGenesisOptions) => create(context, options));
}

async function create(context: CliContext, options: CreateGenesisOptions): Promise<void> {
  const { buildGenesis } = await import('./genesis-options.ts');
  const { checkGenesis } = await import('../node/genesis-check.ts');
  const { writeGenesis } = await import('../node/genesis-file.ts');
  const { genesisHash } = await import('../primitives/genesis.ts');
  const { toHex } = await import('../primitives/bytes.ts');
  const genesis = buildGenesis(options, Date.now());
  const findings = checkGenesis(genesis, Date.now());
  const errors = findings.filter(({ level }) => level === 'error');
  if (errors.length > 0) {
    const list = errors.map(({ path, message }) => `  ${path}: ${message}`).join('\n');
    throw new CliError('config', `no network can start like this:\n${list}`, { hint: 'nothing was written' });
  }
  await writeGenesis(options.out, genesis);
  const hash = toHex(genesisHash(genesis));
  const warnings = findings.map(({ path, message }) => `warning: ${path}: ${message}`);
  printResult(context, options, { file: options.out, genesis_hash: hash, findings }, [
    `wrote ${options.out}, genesis hash ${hash}`,
    ...warnings,
  ]);
}

async function check(context: CliContext, file: string, options: JsonOption): Promise<void> {
  const { genesisSet } = await import('../ledger/genesis.ts');
  const { GenesisFileError, loadGenesis } = await import('../node/genesis-file.ts');
  const { formatAddress } = await import('../primitives/address.ts');
  const { toHex } = await import('../primitives/bytes.ts');
  const { toJson } = await import('../primitives/json.ts');
  const { Validator } = await import('../primitives/validators.ts');
  try {
    const { genesis, hash, warnings } = await loadGenesis(file);
    const set = genesisSet(genesis);
    const result = {
      valid: true,
      genesis_hash: toHex(hash),
      validators: set.map((one) => toJson(Validator, one)),
      findings: warnings,
    };
    printResult(context, options, result, [
      `${file} can start a network; its genesis hash is ${toHex(hash)}`,
      'validators of the first epoch, with their weights:',
      ...columns(set.map(({ address, weight }) => [`  ${formatAddress(address)}`, String(weight)])),
      ...warnings.map(({ path, message }) => `warning: ${path}: ${message}`),
    ]);
  } catch (error) {
    if (!(error instanceof GenesisFileError)) throw error;
    if (options.json === true) printResult(context, options, { valid: false, findings: error.findings }, []);
    throw new CliError('checkFailed', error.message);
  }
}
