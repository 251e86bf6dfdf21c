// What a person sees when a node or a devnet is up: where it is, who has coins, what to try.

import { publishedKeys } from '../node/devnet-keys.ts';
import type { NodeInfo } from '../node/lifecycle.ts';
import { addressOf } from '../primitives/address.ts';
import { equalBytes } from '../primitives/bytes.ts';
import type { Genesis } from '../primitives/genesis.ts';
import { formatAit } from '../primitives/units.ts';
import { columns } from './context.ts';

export interface FundedAccount {
  readonly name: string;
  /** `ait1…` */
  readonly address: string;
  /** in genesis, as text */
  readonly balance: string;
}

/** The published keys that genesis gives something. */
export async function fundedAccounts(genesis: Genesis): Promise<FundedAccount[]> {
  return (await publishedKeys()).flatMap(({ name, key, address }) => {
    const own = addressOf(key.publicKey);
    const account = genesis.accounts.find((candidate) => equalBytes(candidate.address, own));
    return account === undefined ? [] : [{ name, address, balance: formatAit(account.balance) }];
  });
}

export function banner(info: NodeInfo, accounts: readonly FundedAccount[]): string {
  const role = info.validatorAddress === undefined ? 'follows the chain' : `validates for ${info.validatorAddress}`;
  const lines = [
    '',
    `aitbc-node is up on ${info.chainId} and ${role}`,
    '',
    ...columns([
      ['RPC', info.rpcUrl],
      ['WebSocket', info.wsUrl],
      ['Metrics', info.metricsUrl],
      ['Peers', peersLine(info)],
    ]).map((line) => `  ${line}`),
    ...accountLines(accounts),
    ...tryLines(info.rpcUrl, accounts),
    '',
    'Ctrl-C stops it.',
    '',
  ];
  return `${lines.join('\n')}\n`;
}

function peersLine({ p2pAddresses, peerId }: NodeInfo): string {
  if (p2pAddresses.length === 0) return `its sentries alone, which name ${peerId} in private_peers`;
  return p2pAddresses.join('\n             ');
}

export function accountLines(accounts: readonly FundedAccount[]): string[] {
  if (accounts.length === 0) return [];
  const rows = accounts.map(({ name, address, balance }): [string, string] => [name, `${address}  ${balance}`]);
  return [
    '',
    'Funded accounts, whose keys are PUBLIC (networks/devnet/keys.json):',
    ...columns(rows).map((line) => `  ${line}`),
  ];
}

export function tryLines(rpcUrl: string, accounts: readonly FundedAccount[]): string[] {
  const address = accounts.at(-1)?.address;
  return ['', 'Try:', `  curl ${rpcUrl}/rpc/${address === undefined ? 'get_head' : `get_balance/${address}`}`];
}
