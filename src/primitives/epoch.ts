// State records of epochs: who votes in one, under which parameters, and who took part so far (docs/protocol.md §5).

import { BitListType, ContainerType, ListCompositeType, type ValueOf } from '@chainsafe/ssz';
import { MAX_MEMBERS } from './consensus.ts';
import { CONSENSUS_MODES } from './genesis.ts';
import { Parameters } from './parameters.ts';
import { Amount, Bytes32, EnumType, Uint16, Uint32, Uint64 } from './ssz.ts';
import { Validator } from './validators.ts';

/** The first epoch instance. */
export const FIRST_EPOCH = 1;
/** A NOTAR that its block's certificate lacks may be recorded by one of so many blocks after the one that has that. */
export const LATE_VOTE_BLOCKS = 32;

export const EpochRecord = new ContainerType(
  {
    epoch: Uint64,
    mode: new EnumType(CONSENSUS_MODES),
    /** timestamp of the boundary block before it, or of genesis, ms */
    start: Uint64,
    /** height of that block */
    startHeight: Uint64,
    /** what a node must speak to take part */
    protocolVersion: Uint16,
    parameters: Parameters,
    /** ordered by public key */
    validators: new ListCompositeType(Validator, MAX_MEMBERS),
  },
  { typeName: 'EpochRecord' },
);

/** The present epoch, and the oldest whose record is kept. */
export const EpochRange = new ContainerType({ current: Uint64, oldest: Uint64 }, { typeName: 'EpochRange' });

export const MemberActivity = new ContainerType(
  {
    /** blocks for which its NOTAR is recorded */
    participated: Uint32,
    /** blocks of its slots that are in the chain */
    proposed: Uint32,
    /** its slots between those of two consecutive blocks */
    missed: Uint32,
    /** weight above the quorum that its own blocks have recorded */
    recorded: Amount,
  },
  { typeName: 'MemberActivity' },
);
export const RecentBlock = new ContainerType(
  { hash: Bytes32, slot: Uint64, /** by member: its NOTAR is recorded */ voters: new BitListType(MAX_MEMBERS) },
  { typeName: 'RecentBlock' },
);
/** What the members of the present epoch have done in it. */
export const Activity = new ContainerType(
  {
    /** blocks of which a certificate is recorded */
    blocks: Uint32,
    /** by member */
    members: new ListCompositeType(MemberActivity, MAX_MEMBERS),
    /** the newest of those blocks, oldest first */
    recent: new ListCompositeType(RecentBlock, LATE_VOTE_BLOCKS),
  },
  { typeName: 'Activity' },
);

export type EpochRecord = ValueOf<typeof EpochRecord>;
export type EpochRange = ValueOf<typeof EpochRange>;
export type MemberActivity = ValueOf<typeof MemberActivity>;
export type RecentBlock = ValueOf<typeof RecentBlock>;
export type Activity = ValueOf<typeof Activity>;

/** The first block at or after this time is the epoch's last. ms since 1970 */
export function epochEnd({ start, parameters }: Pick<EpochRecord, 'start' | 'parameters'>): number {
  return start + parameters.epochDuration;
}
