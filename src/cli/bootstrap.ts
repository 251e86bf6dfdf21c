// `bootstrap`: runs a node without a chain, where newcomers of a network learn who else is there.

import type { Command } from 'commander';
import { flagName, SETTINGS, type SettingName } from '../node/config/settings.ts';
import type { Flags } from '../node/config/sources.ts';
import type { CliContext } from './context.ts';
import { type DataDirOptions, withDataDir, withJson } from './options.ts';

export type BootstrapOptions = DataDirOptions & Flags & { readonly stopWithParent?: boolean };

/** Those that mean something to a node without a chain, besides the ones of every data directory. */
const USED: readonly SettingName[] = [
  'genesisFile',
  'p2pHost',
  'p2pPort',
  'p2pWsPort',
  'announceAddresses',
  'bootstrapPeers',
  'maxPeers',
  'maxConnectionsPerIp',
  'outboundPeers',
  'privateNetwork',
  'relay',
  'rpcHost',
  'rpcPort',
  'metricsPort',
  'adminSocket',
  'logLevel',
];

/**
 * Nobody stays, and each connection costs some 300 kB. Each peer may hold two, and some are of nobody yet: together they leave
 * room below the usual limit of 1,024 open files.
 */
export const BOOTSTRAP_MAX_PEERS = 400;

const DOCS: Partial<Record<SettingName, string>> = {
  bootstrapPeers: 'Other bootstrap nodes, so that the newcomers of each find those of all.',
  maxPeers: `The most peers at a time; when there are more, the first to come are let go. Default: ${BOOTSTRAP_MAX_PEERS}.`,
  rpcHost: 'Where health and metrics listen. 0.0.0.0 lets every machine in.',
  rpcPort: 'Health at /health and /livez.',
};

export function addBootstrap(program: Command, context: CliContext): void {
  const bootstrap = withJson(withDataDir(program.command('bootstrap'), '~/.aitbc/<network>-bootstrap'))
    .description('Run a node without a chain, through which newcomers find the others, until it is stopped.')
    .optionsGroup('Settings (each also in the config file and the environment; the others do nothing here):');
  for (const name of USED) bootstrap.option(`${flagName(name)} <value>`, DOCS[name] ?? SETTINGS[name].doc);
  bootstrap
    .addOption(
      bootstrap.createOption('--stop-with-parent', 'stop when the process that started this one ends').hideHelp(),
    )
    .addHelpText(
      'after',
      `
It needs no \`init\`: the first start makes the directory and the identity in it, which stays the same. Others write
the addresses that it prints into their bootstrap_peers.

Examples:
  aitbc-node bootstrap --network mynet --genesis-file genesis.json
  aitbc-node bootstrap --network mynet --genesis-file genesis.json --relay true \\
    --announce-addresses /dns4/boot.example/tcp/9000,/dns4/boot.example/tcp/9001/ws`,
    )
    .action(async (options: BootstrapOptions) => {
      const { checkFileDescriptors, readLimits } = await import('../node/file-descriptors.ts');
      checkFileDescriptors(await readLimits());
      const { runBootstrap } = await import('./run-bootstrap.ts');
      await runBootstrap(context, options);
    });
}
