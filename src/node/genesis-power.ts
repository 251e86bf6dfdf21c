// Who in the first set of validators, and later, can stop the chain by being silent or needs nobody else.

import { addressKey, formatAddress } from '../primitives/address.ts';
import { consensusMode, type Genesis } from '../primitives/genesis.ts';
import { MILLION } from '../primitives/parameters.ts';
import type { Validator } from '../primitives/validators.ts';
import { type GenesisFinding, warning } from './genesis-finding.ts';

/** Validators who sit for the same reason, with their weights by address. */
interface SeatClass {
  readonly name: 'authorities' | 'stakers';
  readonly seats: readonly { readonly address: string; readonly weight: number }[];
  readonly weight: number;
}

/** @param set of the first epoch */
export function powerWarnings(genesis: Genesis, set: readonly Validator[]): GenesisFinding[] {
  const total = sumOf(set);
  const weights = new Map(set.map(({ address, weight }) => [addressKey(address), weight]));
  const classes = (['authorities', 'stakers'] as const).map((name): SeatClass => {
    const seats = genesis[name].map(({ address }) => ({
      address: formatAddress(address),
      weight: weights.get(addressKey(address)) ?? 0,
    }));
    return { name, seats, weight: sumOf(seats) };
  });
  const isHybrid = consensusMode(genesis) === 'hybrid';
  return [
    ...classes.flatMap((one) => seatWarnings(one, total)),
    ...(isHybrid ? classes.flatMap((one) => classWarnings(one, total)) : []),
    ...(isHybrid ? shareWarnings(genesis) : []),
  ];
}

function seatWarnings({ name, seats }: SeatClass, total: number): GenesisFinding[] {
  return seats.flatMap(({ address, weight }, index) => {
    const path = `${name}.${index}`;
    if (weight === 0) return [warning(path, `${address} has no seat in the first epoch`)];
    const share = `${address} holds ${percent(weight, total)}`;
    if (decides(weight, total)) return [warning(path, `${share}: it decides alone`)];
    if (halts(weight, total)) return [warning(path, `${share}: without it the chain halts`)];
    return [];
  });
}

/** A class of one is told of by its seat. */
function classWarnings({ name, seats, weight }: SeatClass, total: number): GenesisFinding[] {
  if (seats.length < 2) return [];
  const share = `hold ${percent(weight, total)} together`;
  if (decides(weight, total)) return [warning(name, `${share}: they decide alone`)];
  if (halts(weight, total)) return [warning(name, `${share}: without them the chain halts`)];
  return [];
}

/** What the classes come to when as much is staked as the parameters hope for. */
function shareWarnings({ parameters: { authorityShare: share } }: Genesis): GenesisFinding[] {
  const path = 'parameters.authority_share';
  const split = `once target_bonded is staked, authorities hold ${percent(share, MILLION)} and stakers ${percent(MILLION - share, MILLION)}`;
  if (decides(share, MILLION)) return [warning(path, `${split}: the authorities decide alone`)];
  if (decides(MILLION - share, MILLION)) return [warning(path, `${split}: the stakers decide alone`)];
  return [warning(path, `${split}: without either class the chain halts`)];
}

/** Whether so much weight is a quorum by itself. */
function decides(weight: number, total: number): boolean {
  return weight >= Math.floor((2 * total) / 3) + 1;
}

/** Whether there is no quorum without so much weight. */
function halts(weight: number, total: number): boolean {
  return !decides(total - weight, total);
}

function sumOf(seats: readonly { readonly weight: number }[]): number {
  return seats.reduce((sum, { weight }) => sum + weight, 0);
}

function percent(part: number, total: number): string {
  return `${((100 * part) / total).toFixed(1)} %`;
}
