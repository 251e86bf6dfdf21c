// `account stakes`: what a node says of an account's stakes, for people.

import { formatAddress, parseAddress } from '../primitives/address.ts';
import { formatAit } from '../primitives/units.ts';
import type { StakeView, UnbondingView } from '../rpc/handlers/stake.ts';
import { type CliContext, columns, printResult } from './context.ts';
import { type ClientOptions, rpcClient } from './options.ts';

export async function showStakes(context: CliContext, text: string, options: ClientOptions): Promise<void> {
  const address = formatAddress(parseAddress(text));
  const answer = await rpcClient(context, options).get(`rpc/stake/${address}`);
  printResult(context, options, answer, columns(stakeRows(answer as unknown as StakeView)));
}

function stakeRows({
  address,
  staked,
  unbonding,
  delegations,
  unbonding_entries: entries,
}: StakeView): [name: string, value: string][] {
  return [
    ['address', address],
    ['staked', ait(staked)],
    ...delegations.map(({ validator, amount }): [string, string] => ['  on', `${validator}  ${ait(amount)}`]),
    ['unbonding', ait(unbonding)],
    ...entries.map((entry): [string, string] => ['  from', unbondingText(entry)]),
  ];
}

function unbondingText({ validator, epoch, amount, due }: UnbondingView): string {
  const when =
    due === null
      ? `the unbonding period after epoch ${epoch} has ended`
      : `paid from ${new Date(due).toISOString()} on`;
  return `${validator}  ${ait(amount)}  ${when}`;
}

function ait(units: string): string {
  return formatAit(BigInt(units));
}
