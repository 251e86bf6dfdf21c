// What a transaction does and what a proposal changes, from their JSON, as rows for people.

import { PARAMETER_KEYS, PARAMETER_NAMES } from '../primitives/parameters.ts';
import { formatAit, formatPercent } from '../primitives/units.ts';
import { describeParameter } from './parameter-values.ts';
import type { JsonObject } from './rpc-client.ts';

type Row = [name: string, value: string];

export function actionRows(action: JsonObject): Row[] {
  return [['action', String(action.type)], ...details(action)];
}

function details(action: JsonObject): Row[] {
  switch (action.type) {
    case 'TRANSFER':
      return [paid(action), ...memo(action)];
    case 'MULTI_TRANSFER':
      return [...(action.outputs as JsonObject[]).map(paid), ...memo(action)];
    case 'VALIDATOR_REGISTER':
      return [
        ['consensus key', String(action.public_key)],
        ['commission', formatPercent(Number(action.commission))],
        ['self-bond', ait(action.self_bond)],
      ];
    case 'VALIDATOR_UPDATE':
      return updated(action.key as JsonObject | null, action.commission);
    case 'STAKE':
      return [['stakes', `${ait(action.amount)} on ${action.validator}`]];
    case 'UNSTAKE':
      return [['unstakes', `${action.amount === '0' ? 'everything' : ait(action.amount)} from ${action.validator}`]];
    case 'EVIDENCE':
      return [['accused key', String((action.evidence as JsonObject).public_key)]];
    case 'GOVERNANCE_PROPOSE':
      return changeRows(action.change as JsonObject, Number(action.epoch));
    case 'GOVERNANCE_VOTE':
      return [['votes', `${action.choice} on proposal ${action.proposal}`]];
    default:
      return [];
  }
}

/** @param epoch 0: the next one after it has passed */
export function changeRows(change: JsonObject, epoch: number): Row[] {
  return [...changes(change), ['takes effect', epoch === 0 ? 'with the epoch after it passes' : `with epoch ${epoch}`]];
}

function changes(change: JsonObject): Row[] {
  switch (change.type) {
    case 'ADD_AUTHORITY':
      return [['adds', `authority ${change.address} with key ${change.public_key}`]];
    case 'REMOVE_AUTHORITY':
      return [['removes', `authority ${change.address}`]];
    case 'SET_PARAMETERS':
      return (change.changes as JsonObject[]).map((one): Row => ['sets', parameterText(one)]);
    case 'UPGRADE':
      return [['upgrades', `to protocol version ${change.protocol_version}`]];
    default:
      return [['change', String(change.type)]];
  }
}

function updated(key: JsonObject | null, commission: unknown): Row[] {
  const rows: Row[] = [];
  if (key !== null) rows.push(['consensus key', String(key.public_key)]);
  if (commission !== null) rows.push(['commission', formatPercent(Number(commission))]);
  return rows;
}

function paid({ to, amount }: JsonObject): Row {
  return ['pays', `${ait(amount)} to ${to}`];
}

function memo(action: JsonObject): Row[] {
  return action.memo === '' ? [] : [['memo', JSON.stringify(action.memo)]];
}

function ait(units: unknown): string {
  return formatAit(BigInt(String(units)));
}

/** In the parameter's own unit, and for people. */
function parameterText({ parameter, value }: JsonObject): string {
  const name = PARAMETER_NAMES[PARAMETER_KEYS.indexOf(String(parameter))];
  // A newer node may know more of them.
  if (name === undefined) return `${parameter} = ${value}`;
  return `${parameter} = ${describeParameter(name, BigInt(String(value)))}`;
}
