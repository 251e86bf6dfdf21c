// `validator info` and `validator list`: what a node says of validators, for people.

import { formatAddress, parseAddress } from '../primitives/address.ts';
import { formatAit, formatPercent } from '../primitives/units.ts';
import type {
  ActivityView,
  SeatView,
  ValidatorAnswer,
  ValidatorsView,
  ValidatorView,
} from '../rpc/handlers/validators.ts';
import { type CliContext, columns, printResult, table } from './context.ts';
import { type ClientOptions, rpcClient } from './options.ts';

export async function showValidator(context: CliContext, text: string, options: ClientOptions): Promise<void> {
  const address = formatAddress(parseAddress(text));
  const answer = await rpcClient(context, options).get(`rpc/validators/${address}`);
  printResult(context, options, answer, columns(validatorRows(answer as unknown as ValidatorAnswer)));
}

export async function listValidators(context: CliContext, options: ClientOptions): Promise<void> {
  const answer = await rpcClient(context, options).get('rpc/validators');
  printResult(context, options, answer, validatorLines(answer as unknown as ValidatorsView));
}

function validatorRows(validator: ValidatorAnswer): [name: string, value: string][] {
  const { address, public_key: key, role, activity, next, jailed_until: until } = validator;
  const jailed: [string, string][] = until === null ? [] : [['release', `allowed from epoch ${until} on`]];
  return [
    ['address', address],
    ['consensus key', key],
    ['role', role],
    ['status', validator.status],
    ...jailed,
    ['times jailed', String(validator.downtimes)],
    ['stake', `${ait(validator.stake)}, ${ait(validator.self_stake)} of its own`],
    ['commission', commissionText(validator)],
    [`weight in epoch ${validator.epoch}`, activity === null ? 'no seat' : share(validator)],
    ...(activity === null ? [] : activityRows(activity)),
    ['if elected now', next === null ? 'no seat' : share(next)],
  ];
}

function commissionText({ commission, next_commission: next, epoch }: ValidatorAnswer): string {
  const present = formatPercent(commission);
  return next === commission ? present : `${present}, ${formatPercent(next)} from epoch ${epoch + 1} on`;
}

function activityRows({ participation, proposed, missed, reward }: ActivityView): [name: string, value: string][] {
  return [
    ['participation', participationText(participation)],
    ['proposals', `${proposed} made, ${missed} missed`],
    ['reward so far', ait(reward)],
  ];
}

function validatorLines({
  epoch,
  mode,
  epoch_end: end,
  validators,
  waiting,
  next_set: next,
}: ValidatorsView): string[] {
  const seats = new Map(next.map((seat) => [seat.address, seat]));
  const row = (validator: ValidatorView) => listRow(validator, seats.get(validator.address));
  const header = ['address', 'role', 'status', 'weight', 'next', 'stake', 'participation', 'made', 'missed'];
  return [
    `epoch ${epoch}, ${mode}, ends at ${new Date(end).toISOString()} or with the first block after`,
    ...table([header, ...validators.map(row), ...waiting.map(row)]),
  ];
}

function listRow(validator: ValidatorView, next: SeatView | undefined): string[] {
  const { address, role, status, activity, stake } = validator;
  const weight = activity === null ? '-' : formatPercent(validator.weight_share);
  const done =
    activity === null
      ? ['-', '-', '-']
      : [participationText(activity.participation), String(activity.proposed), String(activity.missed)];
  return [
    address,
    role,
    status,
    weight,
    next === undefined ? '-' : formatPercent(next.weight_share),
    ait(stake),
    ...done,
  ];
}

function participationText(millionths: number | null): string {
  return millionths === null ? 'no block yet' : formatPercent(millionths);
}

function share({ weight, weight_share: millionths }: SeatView): string {
  return `${weight} (${formatPercent(millionths)})`;
}

function ait(units: string): string {
  return formatAit(BigInt(units));
}
