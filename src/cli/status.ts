// `status`: what a running node says about itself, on one screen.

import type { Command } from 'commander';
import { type CliContext, columns, printResult } from './context.ts';
import { type ClientOptions, rpcClient, withJson, withRpc } from './options.ts';
import type { JsonObject } from './rpc-client.ts';

interface Answers {
  readonly network: JsonObject;
  readonly head: JsonObject;
  readonly sync: JsonObject;
  readonly mempool: JsonObject;
  readonly epoch: unknown;
  readonly slot: unknown;
}

export function addStatus(program: Command, context: CliContext): void {
  withJson(withRpc(program.command('status')))
    .description('Ask a running node how it is: network, newest finalized block, sync, peers, health.')
    .addHelpText('after', '\nExamples:\n  aitbc-node status\n  aitbc-node status --rpc http://10.0.0.5:9080 --json')
    .action((options: ClientOptions) => status(context, options));
}

async function status(context: CliContext, options: ClientOptions): Promise<void> {
  const client = rpcClient(context, options);
  const [network, head, sync, mempool, consensus] = await Promise.all([
    client.get('rpc/network_info'),
    client.get('rpc/get_head'),
    client.get('sync_status'),
    client.get('rpc/mempool'),
    client.get('rpc/consensus?limit=1'),
  ]);
  const { epoch, front_slot: slot } = consensus;
  const answers = { network, head, sync, mempool, epoch, slot };
  printResult(context, options, answers, describe(answers, Date.now()));
}

function describe({ network, head, sync, mempool, epoch, slot }: Answers, now: number): string[] {
  const age = Math.max(0, now - Number(head.timestamp)) / 1000;
  return columns([
    ['network', `${network.chain_id} (genesis ${network.genesis_hash})`],
    ['version', String(network.version)],
    ['head', `${head.height}  ${head.hash}`],
    ['epoch', String(epoch)],
    ['slot', String(slot)],
    ['head age', `${age.toFixed(1)} s`],
    ['sync', `${sync.phase} (head ${sync.head} of ${sync.target})`],
    ['peers', String(sync.peers)],
    ['waiting', `${mempool.size} transactions`],
  ]);
}
