// The command line: which commands there are, and what happens when one fails. A command's own file is loaded to
// describe it, the rooms that do its work only when it runs, so that help is quick.

import { Command, CommanderError } from 'commander';
import { buildInfo } from '../node/package-root.ts';
import { addAccount } from './account.ts';
import { addBench } from './bench.ts';
import { addBootstrap } from './bootstrap.ts';
import { addConfig } from './config.ts';
import { type CliContext, processContext } from './context.ts';
import { addDb } from './db.ts';
import { addDevnet } from './devnet.ts';
import { reportError } from './errors.ts';
import { EXIT } from './exit-codes.ts';
import { addGenesis } from './genesis.ts';
import { addGovernance } from './governance.ts';
import { addInit } from './init.ts';
import { addKeys } from './keys.ts';
import { addPeers } from './peers.ts';
import { addSigner } from './signer.ts';
import { addSnapshot } from './snapshot.ts';
import { addStake } from './stake.ts';
import { addStart } from './start.ts';
import { addStatus } from './status.ts';
import { addTx } from './tx.ts';
import { addValidator } from './validator.ts';

/** @param argv as `process.argv`. @returns the exit code. */
export async function main(argv: readonly string[], context: CliContext = processContext()): Promise<number> {
  try {
    await createProgram(context).parseAsync(argv);
    return EXIT.ok;
  } catch (error) {
    // Commander has printed what it has to say; help and version are no errors.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    return printError(context, error, argv.includes('--json'));
  }
}

export function createProgram(context: CliContext): Command {
  const { version, commit } = buildInfo();
  const program = new Command('aitbc-node')
    .description('A peer-to-peer blockchain node for the AITBC network.')
    .version(`aitbc-node ${version} (commit ${commit})`, '--version', 'print version and commit')
    .helpOption('-h, --help', 'explain a command')
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
    })
    .exitOverride()
    .showHelpAfterError('Run the command with --help to see how it is used.')
    .addHelpText(
      'after',
      `
Try it:
  aitbc-node start --network devnet              a chain of your own, in a few seconds
  aitbc-node devnet --validators 4               four nodes that agree
  aitbc-node tx send --from alice --to ait1… --amount 1.5 --wait

Exit codes: 0 done, 1 a fault of this program, 2 usage, 3 configuration, 4 data directory or key,
5 environment (port, file limit), 6 no node answers, 7 refused, 8 timed out, 9 a check found faults,
10 the node failed, 11 the network needs a newer version. Commands that print results take --json.`,
    );
  for (const add of [
    addStart,
    addDevnet,
    addBootstrap,
    addInit,
    addStatus,
    addPeers,
    addAccount,
    addTx,
    addValidator,
    addStake,
    addGovernance,
    addKeys,
    addSigner,
    addGenesis,
    addConfig,
    addDb,
    addSnapshot,
    addBench,
  ]) {
    add(program, context);
  }
  return program;
}

function printError(context: CliContext, error: unknown, json: boolean): number {
  const { exitCode, code, message, hint } = reportError(error);
  const text = json
    ? JSON.stringify({ error: { code, message, ...(hint === undefined ? {} : { hint }) } })
    : `error: ${message}${hint === undefined ? '' : `\n  → ${hint}`}`;
  context.stderr.write(`${text}\n`);
  return exitCode;
}
