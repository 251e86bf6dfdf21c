// `governance list|show|params`: what a node says of proposals and parameters, for people.

import { fromJson } from '../primitives/json.ts';
import { PARAMETER_NAMES, Parameters, parameterKey } from '../primitives/parameters.ts';
import type { GovernanceView, ProposalAnswer, ProposalView, TallyView } from '../rpc/handlers/governance.ts';
import { changeRows } from './action-rows.ts';
import { type CliContext, columns, printResult } from './context.ts';
import { CliError } from './errors.ts';
import { type ClientOptions, rpcClient } from './options.ts';
import { describeParameter } from './parameter-values.ts';
import type { JsonObject } from './rpc-client.ts';

export async function listProposals(context: CliContext, options: ClientOptions): Promise<void> {
  const answer = await rpcClient(context, options).get('rpc/governance');
  const { open, next_open: next, closed } = answer as unknown as GovernanceView;
  const all = [...open, ...closed];
  const lines = all.flatMap((proposal) => [...columns(proposalRows(proposal)), '']).slice(0, -1);
  if (next !== null) lines.push('', `older open ones: /rpc/governance?open_before=${next}`);
  printResult(context, options, answer, lines.length === 0 ? ['no proposals'] : lines);
}

export async function showProposal(context: CliContext, id: string, options: ClientOptions): Promise<void> {
  if (!/^[1-9]\d{0,15}$/.test(id)) {
    throw new CliError('usage', `"${id}" is no number of a proposal`, { hint: '`governance list` shows them' });
  }
  const answer = await rpcClient(context, options).get(`rpc/governance/${id}`);
  const proposal = answer as unknown as ProposalAnswer;
  const votes = proposal.votes.map(({ voter, choice }): [string, string] => [choice.toLowerCase(), voter]);
  printResult(context, options, answer, columns([...proposalRows(proposal), ...votes]));
}

export async function showParameters(context: CliContext, options: ClientOptions): Promise<void> {
  const answer = await rpcClient(context, options).get('rpc/params');
  const parameters = fromJson(Parameters, answer.parameters);
  const rows = PARAMETER_NAMES.map((name): [string, string] => [
    parameterKey(name),
    describeParameter(name, parameters[name]),
  ]);
  printResult(
    context,
    options,
    answer,
    columns([
      ['epoch', String(answer.epoch)],
      ['mode', String(answer.mode)],
      ['protocol version', String(answer.protocol_version)],
      ...rows,
    ]),
  );
}

function proposalRows({ id, proposer, change, epoch, expires, status, tally }: ProposalView): [string, string][] {
  const ends = new Date(expires).toISOString();
  return [
    ['proposal', String(id)],
    ['status', status === 'OPEN' ? `OPEN until ${ends}` : status],
    ['proposer', proposer],
    ...changeRows(change as JsonObject, epoch),
    ...(tally === null ? [] : tallyRows(tally)),
  ];
}

function tallyRows({ yes, no, total_weight: total, needed, classes }: TallyView): [string, string][] {
  return [
    ['votes', `${yes} yes, ${no} no of ${total}; ${needed} yes needed`],
    ...classes.map((one): [string, string] => [
      `  ${one.role.toLowerCase()}`,
      `${one.yes} yes of ${one.total_weight}; ${one.needed} needed`,
    ]),
  ];
}
