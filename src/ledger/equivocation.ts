// What a validator pays that has contradicted itself (docs/protocol.md §5): a part of its stake at once and its seat for
// ever; and more, when the window of its offence closes, if much weight has done the same at the time. That the two
// messages are signed and contradict each other was checked before the evidence came into a block.

import type { Address } from '../primitives/address.ts';
import { equalBytes } from '../primitives/bytes.ts';
import { MAX_MEMBERS } from '../primitives/consensus.ts';
import type { EpochRecord } from '../primitives/epoch.ts';
import type { Evidence } from '../primitives/evidence.ts';
import { MILLION } from '../primitives/parameters.ts';
import type { ReceiptCode } from '../primitives/receipt.ts';
import { type Offence, TOMBSTONED } from '../primitives/staking.ts';
import type { ReportEvidence } from '../primitives/transaction.ts';
import type { Validator } from '../primitives/validators.ts';
import { getAccount, type LedgerReader, type LedgerState, setAccount } from './accounts.ts';
import type { BlockContext } from './block.ts';
import { leaveCandidates } from './candidates.ts';
import { electorateOf } from './electorate.ts';
import { includes, removed } from './lists.ts';
import { authorities, epochs, offences, validators } from './records.ts';
import { type Slashed, slashStake, slashUnbonding } from './slashing.ts';
import { burn } from './supply.ts';
import { isPayoutDue } from './unbonding.ts';

/** Of the stake, for a contradiction by itself; in millionths, as all shares here. */
export const EQUIVOCATION_SLASH = 50_000;
/** Of what is slashed at once, for whoever reports it; at most as much as the offender's own stake has lost by it. */
export const REPORTER_SHARE = 50_000;

/** What a validator is accused of. */
type Charge = Omit<Offence, 'time' | 'others'>;

/** @param sender who reports it */
export function punishEquivocation(
  state: LedgerState,
  sender: Address,
  { evidence }: ReportEvidence,
  context: BlockContext,
): ReceiptCode {
  const epoch = epochs.find(state, evidence.epoch);
  if (epoch === undefined || isTooOld(state, epoch, context)) return 'EVIDENCE_TOO_OLD';
  const accused = memberIn(epoch, evidence);
  if (accused === undefined) return 'NOT_A_MEMBER';
  const { address: validator, weight } = accused;
  const charge = { validator, epoch: epoch.epoch, weight, totalWeight: electorateOf(epoch).totalWeight };
  const isPunished = validators.get(state, validator).status === TOMBSTONED;
  const slashed = isPunished ? aggravate(state, charge) : expel(state, charge, context.timestamp);
  if (slashed === undefined) return 'ALREADY_PUNISHED';
  const { taken } = slashed;
  const reward = rewardFor(slashed);
  const reporter = getAccount(state, sender);
  setAccount(state, sender, { ...reporter, balance: reporter.balance + reward });
  burn(state, taken - reward);
  return 'SUCCESS';
}

/**
 * In every block, before payouts: whoever's window is over pays what it owes beyond the first part, and its offence is
 * forgotten. An offence is reported within a window of its epoch's end and open for another, and what answers for it is
 * not paid out within two: nothing gets away. When governance has made the periods shorter meanwhile, the offence is
 * settled early, for the payout does not wait.
 * @param present the present epoch
 * @param now block time, ms
 */
export function closeOffences(state: LedgerState, present: EpochRecord, now: number): void {
  const list = offences.find(state) ?? [];
  const { evidenceWindow } = present.parameters;
  const isOpen = ({ time, epoch }: Offence) => now < time + evidenceWindow && !isPayoutDue(state, epoch, present, now);
  const open = list.filter(isOpen);
  if (open.length === list.length) return;
  for (const offence of list) if (!open.includes(offence)) settle(state, offence);
  offences.set(state, open);
}

/**
 * What an offender owes in all: alone, the first part; with others at the same time the square of three times the share
 * of them all. When that is a third of the weight, which is what it takes to finalize two blocks, it is everything. Of its
 * own share so much counts as the others match: a small one can not make a great one's lone mistake cost everything.
 * @param own its share of the weight, in millionths
 * @param others the sum of theirs
 * @returns millionths of its stake
 */
export function owedFor(own: number, others: number): number {
  const together = own + others;
  const matched = Math.min(together, 2 * others);
  return Math.max(EQUIVOCATION_SLASH, Math.min(Math.floor((9 * together * matched) / MILLION), MILLION));
}

/** Never more than the offender loses, who may be the reporter: its delegators' stake is not to be had that way. */
function rewardFor({ taken, own }: Slashed): bigint {
  const share = (taken * BigInt(REPORTER_SHARE)) / BigInt(MILLION);
  return share < own ? share : own;
}

function isTooOld(
  state: LedgerReader,
  { epoch }: EpochRecord,
  { timestamp, parameters, ...context }: BlockContext,
): boolean {
  if (epoch === context.epoch.epoch) return false;
  const end = epochs.get(state, epoch + 1).start;
  return end + parameters.evidenceWindow <= timestamp;
}

function memberIn(epoch: EpochRecord, { publicKey, validatorsRoot }: Evidence): Validator | undefined {
  const member = epoch.validators.find((validator) => equalBytes(validator.publicKey, publicKey));
  return member !== undefined && equalBytes(electorateOf(epoch).root, validatorsRoot) ? member : undefined;
}

/** For the first offence: the seat is lost and the first part paid. */
function expel(state: LedgerState, charge: Charge, timestamp: number): Slashed {
  const { validator, epoch } = charge;
  validators.set(state, { ...validators.get(state, validator), status: TOMBSTONED }, validator);
  leaveCandidates(state, validator);
  const seated = authorities.find(state) ?? [];
  if (includes(seated, validator)) authorities.set(state, removed(seated, validator));
  noteOffence(state, charge, timestamp);
  return slashStake(state, validator, epoch, EQUIVOCATION_SLASH);
}

/**
 * For another one while the first is open: or an offender could report a small offence itself to be out of reach for a
 * great one. All count as one, in the earliest epoch and with the largest share. Of an earlier epoch, only what was
 * unstaked before the epoch known so far has not paid yet.
 *
 * When the offence has been settled, nothing earlier is left to report: it had ended when the offence was reported, and
 * since then a window has passed.
 * @returns undefined when it makes nothing worse
 */
function aggravate(state: LedgerState, { validator, epoch, weight, totalWeight }: Charge): Slashed | undefined {
  const list = offences.find(state) ?? [];
  const known = list.find((offence) => equalBytes(offence.validator, validator));
  if (known === undefined) return undefined;
  const rise = shareOf({ weight, totalWeight }) - shareOf(known);
  if (epoch >= known.epoch && rise <= 0) return undefined;

  const slashed = slashUnbonding(state, validator, epoch, known.epoch, EQUIVOCATION_SLASH);
  known.epoch = Math.min(known.epoch, epoch);
  if (rise > 0) {
    Object.assign(known, { weight, totalWeight });
    for (const other of list) if (other !== known) other.others += rise;
  }
  offences.set(state, list);
  return slashed;
}

/** Each offence counts among the others of those that are open, which are all in the list, and they among its own. */
function noteOffence(state: LedgerState, charge: Charge, time: number): void {
  const open = offences.find(state) ?? [];
  const noted: Offence = { ...charge, time, others: 0 };
  for (const other of open) {
    other.others += shareOf(noted);
    noted.others += shareOf(other);
  }
  const [oldest, ...newer] = open;
  if (oldest !== undefined && open.length === MAX_MEMBERS) settle(state, oldest);
  offences.set(state, [...(open.length === MAX_MEMBERS ? newer : open), noted]);
}

/** In millionths. */
function shareOf({ weight, totalWeight }: Pick<Offence, 'weight' | 'totalWeight'>): number {
  return Math.floor((weight * MILLION) / totalWeight);
}

/** Takes from what is left so much that with the first part it comes to what is owed. */
function settle(state: LedgerState, offence: Offence): void {
  const { validator, epoch, others } = offence;
  const beyond = owedFor(shareOf(offence), others) - EQUIVOCATION_SLASH;
  if (beyond === 0) return;
  const ppm = Math.floor((beyond * MILLION) / (MILLION - EQUIVOCATION_SLASH));
  burn(state, slashStake(state, validator, epoch, ppm).taken);
}
