// What the ledger knows of this node's validator, for the operator's metrics.

import type { LedgerReader } from '../ledger/accounts.ts';
import { activity, currentEpoch, validators } from '../ledger/records.ts';
import { equalBytes } from '../primitives/bytes.ts';
import type { MemberActivity } from '../primitives/epoch.ts';
import { JAILED, TOMBSTONED } from '../primitives/staking.ts';
import { totalWeight } from '../primitives/validators.ts';
import type { ValidatorLevels } from '../telemetry/metrics/validator.ts';
import { type OwnValidator, operatorOf } from './own-validator.ts';

const IDLE: MemberActivity = { participated: 0, proposed: 0, missed: 0, recorded: 0n };

/** @param own undefined for a node that only follows */
export function validatorLevels(state: LedgerReader, own: OwnValidator | undefined): ValidatorLevels {
  const operator = own && operatorOf(state, own);
  const { epoch, validators: members } = currentEpoch(state);
  const { blocks, members: activities } = activity.get(state);
  const member = operator === undefined ? -1 : members.findIndex(({ address }) => equalBytes(address, operator));
  const { participated, proposed, missed } = activities[member] ?? IDLE;
  const status = operator === undefined ? undefined : validators.find(state, operator)?.status;
  return {
    epoch,
    weight: members[member]?.weight ?? 0,
    totalWeight: totalWeight(members),
    proposed,
    missed,
    participated,
    blocks: member === -1 ? 0 : blocks,
    jailed: status === JAILED,
    tombstoned: status === TOMBSTONED,
  };
}
