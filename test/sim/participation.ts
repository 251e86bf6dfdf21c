// Which NOTARs a simulated chain has recorded of a block's ancestors: in the parent certificates and late votes of the
// blocks in between. A late vote is recorded once.

import type { Block, Justification } from '../../src/primitives/block.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import { certificateMembers, NOTAR, type Vote } from '../../src/primitives/consensus.ts';
import { LATE_VOTE_BLOCKS } from '../../src/primitives/epoch.ts';

/** `slot/hash` → members */
type Recorded = Map<string, Set<number>>;

/** What a block says of those below it. */
interface Words {
  readonly parentHex: string;
  /** of its parent certificate */
  readonly certified: { readonly epoch: number; readonly key: string; readonly members: readonly number[] } | undefined;
  readonly late: readonly { readonly key: string; readonly member: number }[];
}

/** Every block is read as often as blocks come on it. */
const read = new WeakMap<Block, Words>();

export class Participation {
  readonly #epoch: number;
  readonly #recorded: Recorded = new Map();

  /** Up to a block with this parent, of an epoch, whose own justification is still to come. */
  constructor(epoch: number, parent: Block, find: (hashHex: string) => Block | undefined) {
    this.#epoch = epoch;
    const newest: Words[] = [];
    let block: Block | undefined = parent;
    // Of the block itself there is a certificate too.
    while (newest.length < LATE_VOTE_BLOCKS - 1 && block?.header.epoch === epoch) {
      const words = wordsOf(block);
      newest.push(words);
      block = find(words.parentHex);
    }
    for (const words of newest.reverse()) this.#add(words);
  }

  /** Takes in a justification; undefined when a vote in it has no place there. */
  admit({ parentCertificate, lateVotes }: Justification): boolean {
    this.#add({ certified: certified(parentCertificate), late: [] });
    return lateVotes.every((vote) => this.#record(vote));
  }

  /** Those of the candidates that a block with this certificate may record, which count as recorded then. */
  choose(candidates: readonly Vote[], parentCertificate: Justification['parentCertificate']): Vote[] {
    this.#add({ certified: certified(parentCertificate), late: [] });
    return candidates.filter((vote) => this.#record(vote));
  }

  #record(vote: Vote): boolean {
    const { epoch, kind, member } = vote;
    const voters = this.#recorded.get(keyOf(vote));
    if (epoch !== this.#epoch || kind !== NOTAR || voters === undefined || voters.has(member)) return false;
    voters.add(member);
    return true;
  }

  #add({ certified, late }: Pick<Words, 'certified' | 'late'>): void {
    if (certified?.epoch === this.#epoch) this.#recorded.set(certified.key, new Set(certified.members));
    // Those for older blocks than are looked at are of no use any more.
    for (const { key, member } of late) this.#recorded.get(key)?.add(member);
  }
}

function wordsOf(block: Block): Words {
  const known = read.get(block);
  if (known !== undefined) return known;
  const { parentCertificate, lateVotes } = block.body.justification;
  const words = {
    parentHex: toHex(block.header.parent),
    certified: certified(parentCertificate),
    late: lateVotes.map((vote) => ({ key: keyOf(vote), member: vote.member })),
  };
  read.set(block, words);
  return words;
}

function certified(certificate: Justification['parentCertificate']): Words['certified'] {
  if (certificate === null) return undefined;
  return { epoch: certificate.epoch, key: keyOf(certificate), members: certificateMembers(certificate) };
}

function keyOf({ slot, hash }: Pick<Vote, 'slot' | 'hash'>): string {
  return `${slot}/${toHex(hash)}`;
}
