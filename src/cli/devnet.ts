// `devnet`: several nodes as processes of their own, in one terminal.

import type { Command } from 'commander';
import type { CliContext, JsonOption } from './context.ts';
import { withJson } from './options.ts';

export interface DevnetOptions extends JsonOption {
  readonly validators: string;
  readonly basePort?: string;
  readonly dataDir?: string;
  readonly blockTime?: string;
  readonly logLevel?: string;
}

export function addDevnet(program: Command, context: CliContext): void {
  withJson(program.command('devnet'))
    .description('Run a local network of several validators, each a process of its own.')
    .option('--validators <number>', 'how many, from 1 to 20', '4')
    .option('--base-port <port>', 'first port; node i has the ten from base + 10·i on (default: 9080)')
    .option('--data-dir <dir>', 'where the nodes keep their data (default: ~/.aitbc/devnet-<validators>)')
    .option('--block-time <duration>', 'block time of a network that is made now (environment BLOCK_TIME)')
    .option('--log-level <level>', 'how much the nodes log')
    .addHelpText(
      'after',
      `
The first time keys and a genesis are made; later the same network goes on. Of its ten ports a node uses
base + 10·i for RPC, + 1 for WebSocket, + 2 for metrics, + 3 for other nodes over TCP and + 4 over WebSocket.
Ctrl-C stops all of them; once more stops them at once. Nothing is ever removed.

Examples:
  aitbc-node devnet --validators 4
  aitbc-node devnet --validators 7 --base-port 20000 --data-dir ./seven`,
    )
    .action(async (options: DevnetOptions) => {
      const { runDevnet } = await import('./run-devnet.ts');
      await runDevnet(context, options);
    });
}
