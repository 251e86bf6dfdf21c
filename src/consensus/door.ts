// The door of consensus: bytes from the network become inputs of the core only after they decoded, are wanted, and
// their signatures hold. The answer tells gossip whether to pass the message on, drop it, or blame its sender.

import { type Block, Body, type CompactProposal, headerHash } from '../primitives/block.ts';
import { equalBytes, toHex } from '../primitives/bytes.ts';
import {
  type Certificate,
  certificateMembers,
  FINAL,
  type ProposalData,
  proposalSigningBytes,
  SKIP,
  VOTE_KINDS,
  Vote,
  voteSigningBytes,
} from '../primitives/consensus.ts';
import type { Evidence } from '../primitives/evidence.ts';
import { type Hash, ZERO_HASH } from '../primitives/hash.ts';
import type { SignatureCheck } from '../primitives/signing.ts';
import { GossipProposal, GossipVote } from '../primitives/wire.ts';
import { certificateChecks, malformedCertificate, votesOf } from './certificate.ts';
import type { Simplex } from './core.ts';
import type { EarlyMessages } from './early.ts';
import { type Candidate, IncompleteProposals } from './incomplete.ts';
import type { Members } from './members.ts';
import type { OwnSignatures } from './own-signatures.ts';
import type { BlockPort } from './ports.ts';
import type { Input } from './types.ts';

export type Verdict = 'accept' | 'ignore' | 'reject';

/** What is sent again is passed on, or tried, again at most once in this part of the re-send interval. */
const AGAIN_SHARE = 0.5;

export interface DoorDependencies {
  readonly core: Simplex;
  /** this node's own seat: every signature of it is told to its signer; undefined on a node that only follows */
  readonly own: { readonly member: number; readonly signatures: OwnSignatures } | undefined;
  readonly members: Members;
  /** of the epoch before */
  readonly previous: Members | undefined;
  readonly genesisHash: Hash;
  /** one verdict per check, in order */
  readonly verify: (checks: readonly SignatureCheck[]) => Promise<readonly boolean[]>;
  readonly blocks: Pick<BlockPort, 'compactHolds' | 'complete'>;
  readonly input: (input: Input) => void;
  /** judges evidence of a peer, and keeps it; `accept` when it is new and holds */
  readonly evidence: (evidence: Evidence) => Promise<Verdict>;
  /** Others are in a later epoch, or say so: this node should look for what it misses. */
  readonly behind: () => void;
  /** where messages wait for the next instance's door */
  readonly early: EarlyMessages;
  /** ms */
  readonly now: () => number;
  /** T of the protocol, ms */
  readonly resendInterval: number;
}

/** A copy of this node's key can hardly be further ahead of the front. */
const FURTHEST_OWN_SLOT = 4096;

export class Door {
  readonly #d: DoorDependencies;
  readonly #incomplete: IncompleteProposals;
  /** Messages being checked, so that copies from several peers cost one check. */
  readonly #underway = new Set<string>();
  /** When known votes were passed on again, by signature; of votes above `lastFinal` only. */
  readonly #passedOn = { lastFinal: 0, at: new Map<string, number>() };
  /** when it was last told that others are ahead */
  #behindAt = Number.NEGATIVE_INFINITY;

  constructor(dependencies: DoorDependencies) {
    this.#d = dependencies;
    const { core, now, resendInterval } = dependencies;
    this.#incomplete = new IncompleteProposals({ progress: core, now, retryInterval: AGAIN_SHARE * resendInterval });
  }

  /** @param bytes ssz(GossipVote) */
  async vote(bytes: Uint8Array): Promise<Verdict> {
    const gossip = decode(GossipVote, bytes);
    if (gossip === undefined) return 'reject';
    const { message, attempt } = gossip;
    if (message.selector === 2) return this.#evidence(message.value);
    if (message.value.epoch > this.#d.core.epoch) {
      return this.#ahead(message.value.epoch, bytes.length, (door) => door.vote(bytes));
    }
    if (message.selector === 1) return this.certificate(message.value);
    const verdict = await this.#vote(message.value);
    return verdict === 'ignore' && attempt > 0 && this.#passOn(message.value) ? 'accept' : verdict;
  }

  /**
   * The verdict does not wait for a block to be complete: that it may be passed on is settled by the leader's signature,
   * and by what the header commits to.
   * @param bytes ssz(GossipProposal)
   * @param peer who has delivered it
   */
  async proposal(bytes: Uint8Array, peer: string): Promise<Verdict> {
    const gossip = decode(GossipProposal, bytes);
    if (gossip === undefined) return 'reject';
    const { proposal } = gossip;
    if (proposal.slot < 1 || proposal.parentSlot >= proposal.slot) return 'reject';
    const { core } = this.#d;
    const { parentCertificate } = proposal.block.justification;
    if (proposal.epoch > core.epoch) {
      // An epoch's first block carries the Final that ends the one before.
      if (parentCertificate !== null && (await this.certificate(parentCertificate)) === 'reject') return 'reject';
      return this.#ahead(proposal.epoch, bytes.length, (door) => door.proposal(bytes, peer));
    }
    const hash = headerHash(proposal.block.header);
    if (core.admission.exposesLeader(proposal, hash)) return this.#lateProposal(proposal, hash);
    if (!core.admission.wantsProposal(proposal, hash)) return this.#unwanted(proposal, hash);
    const { slot, parentSlot } = proposal;
    const candidate = { slot, parentSlot, hash, leader: core.schedule.leader(slot), bytes: bytes.length };
    const attached = [...(parentCertificate === null ? [] : [parentCertificate]), ...proposal.certificates];
    // Of a slot far ahead only the certificates count: they may show that this node is behind.
    if (!core.admission.isInWindow(slot) && !(await this.#takeAll(attached))) return 'reject';
    if (!core.admission.isInWindow(slot) || !this.#incomplete.admits(candidate)) return this.#unwanted(proposal, hash);
    if (!(await this.#leaderSigned(proposal, hash))) return 'reject';
    if (!this.#d.blocks.compactHolds(proposal.block)) return 'reject';
    for (const certificate of attached) {
      if (!(await this.#holds(certificate))) return 'reject';
      if (core.admission.wantsCertificate(certificate)) this.#d.input({ type: 'certificate', certificate });
    }
    // A copy from another peer may have come in while the signatures of this one were checked.
    if (!this.#incomplete.admits(candidate)) return 'ignore';
    this.#complete(candidate, proposal, peer);
    return 'accept';
  }

  /** The core is given the proposal when its block is whole: it may be at once, later or never. */
  #complete(candidate: Candidate, proposal: CompactProposal, peer: string): void {
    const { core, blocks, input } = this.#d;
    const { hash } = candidate;
    const give = (block: Block | undefined): boolean => {
      if (block !== undefined) input({ type: 'proposal', proposal: { ...proposal, block }, hash });
      return block !== undefined;
    };
    const over = new AbortController();
    const isAtFront = () => candidate.slot === core.front;
    const block = blocks.complete(hash, proposal.block, peer, { signal: over.signal, isAtFront });
    const until = block instanceof Promise ? block.then(give) : undefined;
    this.#incomplete.take(candidate, until, () => over.abort());
    if (!(block instanceof Promise)) give(block);
  }

  /**
   * A message of a later epoch: nothing can be said of it here. If this epoch is about to end it waits for the next;
   * otherwise others are ahead, or say so, and they are asked, rarely enough that saying so does no harm.
   */
  async #ahead(epoch: number, bytes: number, take: (door: Door) => Promise<Verdict>): Promise<Verdict> {
    const { core, early, behind, now, resendInterval } = this.#d;
    if (core.isEnding && epoch === core.epoch + 1) return early.wait(bytes, take);
    const time = now();
    // In either direction: a clock may be set back.
    if (Math.abs(time - this.#behindAt) < resendInterval) return 'ignore';
    this.#behindAt = time;
    behind();
    return 'ignore';
  }

  /** Only the signed part counts, and what it proves goes to others as evidence: nobody needs the block any more. */
  async #lateProposal(proposal: CompactProposal, hash: Hash): Promise<Verdict> {
    if (!(await this.#leaderSigned(proposal, hash))) return 'reject';
    const { header, justification } = proposal.block;
    const block = { header, body: { ...Body.defaultValue(), justification } };
    this.#d.input({ type: 'proposal', proposal: { ...proposal, block }, hash });
    return 'ignore';
  }

  /**
   * Takes in a certificate from gossip, a proposal or an answer to a request. One that only tells of members that
   * contradict themselves is not passed on: they are, as evidence.
   */
  async certificate(certificate: Certificate): Promise<Verdict> {
    const { core, input } = this.#d;
    if (!core.admission.wantsCertificate(certificate)) return 'ignore';
    const settles = core.admission.settles(certificate);
    if (!(await this.#holds(certificate))) return 'reject';
    input({ type: 'certificate', certificate });
    return settles ? 'accept' : 'ignore';
  }

  /** Against this node's own key it tells of a copy: at most one of the two messages is its signer's. */
  async #evidence(evidence: Evidence): Promise<Verdict> {
    const { own, members, evidence: judge } = this.#d;
    const verdict = await judge(evidence);
    const { publicKey, messages, ...shared } = evidence;
    if (verdict !== 'accept' || own === undefined || members.indexOf(publicKey) !== own.member) return verdict;
    const { first, second } = messages.value;
    for (const message of [first, second]) own.signatures.observed({ ...shared, ...message }, message.signature);
    return verdict;
  }

  /** Tells the signer of this node's signature in a certificate that holds. */
  lookForSelf(certificate: Certificate): void {
    const { own, core, members } = this.#d;
    if (own === undefined || certificate.epoch !== core.epoch) return;
    const signature = certificate.signatures[certificateMembers(certificate).indexOf(own.member)];
    if (signature === undefined) return;
    const { epoch, kind, slot, hash } = certificate;
    if (core.admission.holdsVote({ epoch, kind, slot, hash, member: own.member, signature })) return;
    own.signatures.observed({ epoch, validatorsRoot: members.root, kind, slot, hash }, signature);
  }

  /** @returns false as soon as one does not hold */
  async #takeAll(certificates: readonly Certificate[]): Promise<boolean> {
    for (const certificate of certificates) if ((await this.certificate(certificate)) === 'reject') return false;
    return true;
  }

  /**
   * Whether a certificate is well-formed and its signatures hold. One that travels with a proposal is judged even by a
   * node that has nothing to learn from it: the block becomes part of the chain, and whoever passes on what others must
   * reject is blamed by them.
   */
  async #holds(certificate: Certificate): Promise<boolean> {
    const { core, genesisHash } = this.#d;
    const members = this.#signersOf(certificate);
    if (members === undefined || malformedCertificate(certificate, members) !== undefined) return false;
    if (votesOf(certificate).every((vote) => core.admission.remembersVote(vote))) return true;
    const holds = await this.#allHold(certificateChecks(certificate, members, genesisHash));
    if (holds) this.lookForSelf(certificate);
    return holds;
  }

  /** Whose certificate it is: of this epoch, or the one in the epoch's first block, by which the epoch before ended. */
  #signersOf({ epoch, kind }: Certificate): Members | undefined {
    const { core, members, previous } = this.#d;
    if (epoch === core.epoch) return members;
    return epoch === core.epoch - 1 && kind === FINAL ? previous : undefined;
  }

  /**
   * Whether a known vote that is sent again goes on to others: where not everyone is everyone's neighbour, it is how a
   * vote that was lost on the way comes through. Rarely enough that nobody can make a flood of it.
   */
  #passOn(vote: Vote): boolean {
    const { core, now, resendInterval } = this.#d;
    if (!core.admission.holdsVote(vote)) return false;
    const passedOn = this.#passedOn;
    if (passedOn.lastFinal !== core.lastFinalSlot) passedOn.at.clear();
    passedOn.lastFinal = core.lastFinalSlot;
    const key = toHex(vote.signature);
    const time = now();
    // In either direction: a clock may be set back.
    if (Math.abs(time - (passedOn.at.get(key) ?? 0)) < AGAIN_SHARE * resendInterval) return false;
    passedOn.at.set(key, time);
    return true;
  }

  async #vote(vote: Vote): Promise<Verdict> {
    const { core, members, genesisHash } = this.#d;
    if (VOTE_KINDS[vote.kind] === undefined || vote.slot < 1) return 'reject';
    if ((vote.kind === SKIP) !== equalBytes(vote.hash, ZERO_HASH)) return 'reject';
    const wanted = core.admission.wantsVote(vote);
    const isOwn = vote.epoch === core.epoch && vote.member === this.#d.own?.member;
    if (!wanted && !(isOwn && !core.admission.holdsVote(vote) && this.#isNews(vote.signature))) return 'ignore';
    const key = toHex(Vote.serialize(vote));
    if (this.#underway.has(key)) return 'ignore';
    this.#underway.add(key);
    try {
      const data = { ...vote, validatorsRoot: members.root };
      const { publicKey } = members.at(vote.member);
      const message = voteSigningBytes(data, genesisHash);
      if (!(await this.#allHold([{ publicKey, message, signature: vote.signature }]))) return 'reject';
      if (isOwn) this.#d.own?.signatures.observed(data, vote.signature);
    } finally {
      this.#underway.delete(key);
    }
    if (!wanted) return 'ignore';
    this.#d.input({ type: 'vote', vote });
    return 'accept';
  }

  /**
   * A proposal that consensus has no use for, checked all the same when it names this node's own slot: what a copy of
   * the key signs is news wherever it stands.
   */
  async #unwanted(proposal: CompactProposal, hash: Hash): Promise<Verdict> {
    const { core, own } = this.#d;
    const { epoch, slot, signature } = proposal;
    // The turns up to a slot are worked out one by one: not for whatever number a peer may name.
    if (own === undefined || epoch !== core.epoch || slot > core.front + FURTHEST_OWN_SLOT) return 'ignore';
    if (core.schedule.leader(slot) !== own.member || !this.#isNews(signature)) return 'ignore';
    return (await this.#leaderSigned(proposal, hash)) ? 'ignore' : 'reject';
  }

  async #leaderSigned(proposal: CompactProposal, hash: Hash): Promise<boolean> {
    const { core, own, members, genesisHash } = this.#d;
    const { epoch, slot, parentSlot, signature } = proposal;
    const leader = core.schedule.leader(slot);
    const data: ProposalData = { epoch, validatorsRoot: members.root, slot, hash, parentSlot };
    const message = proposalSigningBytes(data, genesisHash);
    const holds = await this.#allHold([{ publicKey: members.at(leader).publicKey, message, signature }]);
    if (holds && leader === own?.member) own.signatures.observed(data, signature);
    return holds;
  }

  /** Whether this node's signer has not been told of a signature of its own. */
  #isNews(signature: Uint8Array): boolean {
    return this.#d.own?.signatures.isTold(signature) === false;
  }

  async #allHold(checks: readonly SignatureCheck[]): Promise<boolean> {
    return (await this.#d.verify(checks)).every((holds) => holds);
  }
}

function decode<T>(type: { deserialize(bytes: Uint8Array): T }, bytes: Uint8Array): T | undefined {
  try {
    return type.deserialize(bytes);
  } catch {
    return undefined; // not the type's one encoding: the sender's fault, and the verdict says so
  }
}
