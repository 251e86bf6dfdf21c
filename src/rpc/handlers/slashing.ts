// slashing: which validators have been punished for contradicting themselves, and which are jailed for being absent.

import type { LedgerReader } from '../../ledger/accounts.ts';
import { candidateList } from '../../ledger/candidates.ts';
import { authorities, currentEpoch, offences, validators } from '../../ledger/records.ts';
import { type Address, addressKey, formatAddress } from '../../primitives/address.ts';
import type { EpochRecord } from '../../primitives/epoch.ts';
import { JAILED, type Offence, TOMBSTONED } from '../../primitives/staking.ts';
import { oncePerBlock } from '../once-per-block.ts';
import type { Services } from './method.ts';

export interface SlashingView {
  epoch: number;
  /** contradictions of which the window is open, oldest first */
  offences: OffenceView[];
  /** validators of the present epoch and of those offences that will never have a seat again */
  tombstoned: string[];
  jailed: JailedView[];
  height: number;
}

export interface OffenceView {
  validator: string;
  /** in which it signed two messages: the first such epoch that is known */
  epoch: number;
  /** of the block with the first evidence, ms since 1970 */
  time: number;
  /** of the validator and of all, in that of these epochs in which its share was largest */
  weight: number;
  total_weight: number;
  /** block time at which this one is settled at the latest: more is slashed if others have offended since */
  window_end: number;
}

export interface JailedView {
  validator: string;
  /** the first epoch in which it may ask for release */
  until: number;
  downtimes: number;
}

export function getSlashing({ chain }: Pick<Services, 'chain'>): SlashingView {
  return slashingView(chain.state());
}

const slashingView = oncePerBlock(({ reader, header }): SlashingView => {
  const epoch = currentEpoch(reader);
  const punished = offences.find(reader) ?? [];
  const tombstoned: string[] = [];
  const jailed: JailedView[] = [];
  for (const address of knownValidators(reader, epoch, punished)) {
    const { status, jailedUntil: until, downtimes } = validators.get(reader, address);
    const validator = formatAddress(address);
    if (status === TOMBSTONED) tombstoned.push(validator);
    if (status === JAILED) jailed.push({ validator, until, downtimes });
  }
  return {
    epoch: epoch.epoch,
    offences: punished.map((offence) => offenceView(offence, epoch)),
    tombstoned,
    jailed,
    height: header.height,
  };
});

/** All that have a seat, may get one, or lost theirs not long ago; each once. */
function knownValidators(reader: LedgerReader, { validators: members }: EpochRecord, punished: readonly Offence[]) {
  const known = new Map<string, Address>();
  const add = (address: Address) => known.set(addressKey(address), address);
  for (const { address } of members) add(address);
  for (const address of authorities.get(reader)) add(address);
  for (const address of candidateList(reader)) add(address);
  for (const { validator } of punished) add(validator);
  return known.values();
}

function offenceView(
  { validator, epoch, time, weight, totalWeight }: Offence,
  { parameters }: EpochRecord,
): OffenceView {
  return {
    validator: formatAddress(validator),
    epoch,
    time,
    weight,
    total_weight: totalWeight,
    window_end: time + parameters.evidenceWindow,
  };
}
