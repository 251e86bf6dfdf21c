// The runs that Quint writes down (Informal Trace Format), as the votes that honest members signed, in order.

import { readFileSync } from 'node:fs';
import { VOTE_KINDS } from '../../src/primitives/consensus.ts';

export interface ModelVote {
  readonly kind: (typeof VOTE_KINDS)[number];
  readonly slot: number;
  /** 0 in a SKIP */
  readonly block: number;
  readonly member: number;
}

type Int = { readonly '#bigint': string };
type SignedVote = { readonly kind: string; readonly slot: Int; readonly block: Int; readonly member: Int };
type State = Readonly<Record<string, { readonly '#set': readonly SignedVote[] }>>;

export function readVotes(file: string, variant: string): ModelVote[] {
  const { states } = JSON.parse(readFileSync(file, 'utf8')) as { readonly states: readonly State[] };
  const votes = new Map<string, ModelVote>();
  for (const state of states) {
    for (const vote of state[`${variant}::consensus::signed`]?.['#set'] ?? []) {
      const key = JSON.stringify(vote);
      if (!votes.has(key)) votes.set(key, read(vote));
    }
  }
  return [...votes.values()];
}

function read({ kind, slot, block, member }: SignedVote): ModelVote {
  const known = VOTE_KINDS.find((name) => name === kind);
  if (known === undefined) throw new Error(`${kind} is no vote`);
  return {
    kind: known,
    slot: Number(slot['#bigint']),
    block: Number(block['#bigint']),
    member: Number(member['#bigint']),
  };
}
