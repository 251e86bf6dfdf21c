// `peers`: whom a running node is connected to, what it holds against them, and who is kept out.

import type { Command } from 'commander';
import type { CliContext } from './context.ts';
import { type ClientOptions, type DataDirOptions, withDataDir, withJson, withRpc } from './options.ts';

export interface BanOptions extends DataDirOptions {
  readonly for?: string;
  readonly reason?: string;
}

/** The door through which a node is changed is in its data directory. */
const WHERE =
  "Must run on the node's machine, as the user who runs the node: it answers on a socket in its data directory.";

export function addPeers(program: Command, context: CliContext): void {
  const peers = program.command('peers').description('See whom a running node is connected to, and decide on it.');

  withJson(withRpc(peers.command('list')))
    .description('List peers with their score and what they have against them, and who is banned until when.')
    .addHelpText(
      'after',
      '\nA score of 0 is spotless; at -100 a peer is banned. Points fade by half in a minute.\n\nExample:\n  aitbc-node peers list',
    )
    .action(async (options: ClientOptions) => {
      const { listPeers } = await import('./peers-actions.ts');
      await listPeers(context, options);
    });

  withJson(withDataDir(peers.command('add <address>')))
    .description('Keep a connection to a peer until the node stops.')
    .addHelpText(
      'after',
      `
The address is a multiaddr that ends in /p2p/<peer id>. To keep it for good write it under bootstrap_peers too.
${WHERE}

Example:
  aitbc-node peers add /dns4/node.example/tcp/9000/p2p/12D3KooWGRUVh1QmJwEwEsCyFJuX7UTVdDvSyCdd1oP6Z9K5VYhS`,
    )
    .action(async (address: string, options: DataDirOptions) => {
      const { addPeer } = await import('./peers-actions.ts');
      await addPeer(context, address, options);
    });

  withJson(withDataDir(peers.command('ban <peer>')))
    .description('Keep a peer id or an IP address out, and disconnect it.')
    .option('--for <duration>', 'how long, like 30m or 48h, at most a year (default: 24h)')
    .option('--reason <text>', 'why, for `peers list`')
    .addHelpText(
      'after',
      `
Of an IPv6 address the whole /64 is banned. A ban outlives restarts of the node.
${WHERE}

Examples:
  aitbc-node peers ban 12D3KooWGRUVh1QmJwEwEsCyFJuX7UTVdDvSyCdd1oP6Z9K5VYhS
  aitbc-node peers ban 192.0.2.7 --for 168h --reason "floods us"`,
    )
    .action(async (peer: string, options: BanOptions) => {
      const { banPeer } = await import('./peers-actions.ts');
      await banPeer(context, peer, options);
    });

  withJson(withDataDir(peers.command('unban <peer>')))
    .description('Let a peer id or an IP address in again, with a clean slate.')
    .addHelpText('after', `\n${WHERE}\n\nExample:\n  aitbc-node peers unban 192.0.2.7`)
    .action(async (peer: string, options: DataDirOptions) => {
      const { unbanPeer } = await import('./peers-actions.ts');
      await unbanPeer(context, peer, options);
    });
}
