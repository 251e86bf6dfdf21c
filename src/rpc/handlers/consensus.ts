// consensus: how the present round stands, and which validators have been caught contradicting themselves.

import { z } from 'zod';
import type { LedgerReader } from '../../ledger/accounts.ts';
import { consensusKeys } from '../../ledger/records.ts';
import { formatAddress } from '../../primitives/address.ts';
import { toHex } from '../../primitives/bytes.ts';
import { Evidence, type EvidenceKind } from '../../primitives/evidence.ts';
import { totalWeight } from '../../primitives/validators.ts';
import type { EvidenceRecord } from '../dependencies.ts';
import { countParam, hashParam } from '../params.ts';
import { RpcProblem } from '../problems.ts';
import type { Services } from './method.ts';

const DEFAULT_EVIDENCE = 20;
/** A page of it has 130 kB of JSON. */
const MAX_EVIDENCE = 100;

export const consensusParams = z.strictObject({
  limit: countParam(MAX_EVIDENCE).optional(),
  before: hashParam.optional(),
});

export interface ConsensusView {
  epoch: number;
  /** the lowest slot that is not settled */
  front_slot: number;
  last_final_slot: number;
  /** address of the front slot's leader */
  leader: string;
  total_weight: number;
  /** weight of votes that makes a certificate */
  quorum: number;
  /** weight whose votes in the front slot have come to this node */
  votes: { notar: number; skip: number; final: number };
  /** addresses of validators that have signed nothing for a while */
  silent: string[];
  evidence: EvidenceListView;
}

export interface EvidenceListView {
  total: number;
  /** newest slot first */
  items: EvidenceView[];
  /** `before` of the next page, null on the last */
  next: string | null;
}

export interface EvidenceView {
  id: string;
  kind: EvidenceKind;
  /** of the validator that signed both messages */
  address: string;
  public_key: string;
  epoch: number;
  slot: number;
  /** ssz(Evidence): the whole proof */
  ssz: string;
}

/** @throws {RpcProblem} NOT_FOUND when there is no evidence `before` */
export function getConsensus(
  { chain, consensus }: Pick<Services, 'chain' | 'consensus'>,
  { limit = DEFAULT_EVIDENCE, before }: z.output<typeof consensusParams>,
): ConsensusView {
  const { epoch, members, round, lastFinalSlot, quorum, evidence } = consensus;
  const records = evidence.list(limit + 1, before);
  if (records === undefined) throw new RpcProblem('NOT_FOUND', 'this node has no evidence with the id in "before"');
  const page = records.slice(0, limit);
  const last = page.at(-1);
  const { reader } = chain.state();
  const addressOf = (member: number) => {
    const validator = members[member];
    return validator === undefined ? '' : formatAddress(validator.address);
  };
  const weight = (voters: readonly number[]) => voters.reduce((sum, member) => sum + (members[member]?.weight ?? 0), 0);
  return {
    epoch,
    front_slot: round.slot,
    last_final_slot: lastFinalSlot,
    leader: addressOf(round.leader),
    total_weight: totalWeight(members),
    quorum,
    votes: { notar: weight(round.voters.notar), skip: weight(round.voters.skip), final: weight(round.voters.final) },
    silent: round.silent.map(addressOf),
    evidence: {
      total: evidence.size,
      items: page.map((record) => evidenceView(record, reader)),
      next: records.length > limit && last !== undefined ? toHex(last.id) : null,
    },
  };
}

/** A consensus key has one owner for ever, whatever set it voted in. */
function evidenceView({ id, kind, evidence }: EvidenceRecord, reader: LedgerReader): EvidenceView {
  const owner = consensusKeys.find(reader, evidence.publicKey);
  return {
    id: toHex(id),
    kind,
    address: owner === undefined ? '' : formatAddress(owner.address),
    public_key: toHex(evidence.publicKey),
    epoch: evidence.epoch,
    slot: evidence.slot,
    ssz: toHex(Evidence.serialize(evidence)),
  };
}
