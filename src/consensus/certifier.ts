// A quorum of one vote becomes a certificate. One that settles something, made here or received, is made durable and
// sent on, once, and counts from then on.

import { toHex } from '../primitives/bytes.ts';
import { type Certificate, FINAL, NOTAR, SKIP, type Vote } from '../primitives/consensus.ts';
import type { Admission } from './admission.ts';
import { assembleCertificate, votesOf } from './certificate.ts';
import type { Silence } from './silence.ts';
import type { Slots } from './slots.ts';
import type { ConsensusEvent, Emit, InstanceConfig, Message } from './types.ts';
import type { Witness } from './witness.ts';

export interface CertifierOptions {
  readonly config: Pick<InstanceConfig, 'members' | 'self'>;
  readonly slots: Slots;
  readonly silence: Silence;
  readonly admission: Admission;
  readonly witness: Witness;
  readonly emit: Emit;
}

export class Certifier {
  readonly #o: CertifierOptions;

  constructor(options: CertifierOptions) {
    this.#o = options;
  }

  /** @param vote whose signature holds; also this node's own, after signing */
  onVote(vote: Vote): void {
    const { config, slots, silence, admission, witness } = this.#o;
    silence.signed(vote.member);
    // An own vote that comes too late to count still tells the others that this node lives.
    if (vote.member === config.self) this.#broadcast({ kind: 'vote', vote });
    if (!admission.isInWindow(vote.slot)) return witness.keepVotes(slots.remembered(vote.slot), [vote]);
    const slot = slots.at(vote.slot);
    if (!witness.keepVote(slot, vote)) return;
    const hashHex = toHex(vote.hash);
    const { weight, votes } = slot.tally(vote.kind, hashHex);
    if (weight < config.members.quorum || slot.certificate(vote.kind, hashHex) !== undefined) return;
    this.onCertificate(assembleCertificate(votes, config.members));
  }

  /** @param certificate whose signatures hold */
  onCertificate(certificate: Certificate): void {
    const { config, slots, admission, witness, emit } = this.#o;
    if (!admission.settles(certificate)) {
      if (admission.exposesMember(certificate))
        witness.keepVotes(slots.remembered(certificate.slot), votesOf(certificate));
      return;
    }
    emit({ type: 'persist', record: { selector: 3, value: certificate } });
    if (config.self !== undefined) this.#broadcast({ kind: 'certificate', certificate });
    this.keep(certificate);
  }

  /** Takes in a certificate that is durable. */
  keep(certificate: Certificate): void {
    const { slots, silence, witness } = this.#o;
    const { kind, slot: number, hash } = certificate;
    const conflicting = kind === FINAL ? slots.conflictingFinal(number, hash) : undefined;
    if (conflicting !== undefined) return witness.haltOnFinals([conflicting, certificate]);
    const slot = slots.at(number);
    const votes = votesOf(certificate);
    for (const { member } of votes) silence.signed(member);
    witness.keepVotes(slot, votes);
    silence.quorumSigned(number);
    slot.setCertificate(certificate);
    if (kind === NOTAR) this.#event({ type: 'notarized', slot: number, hash });
    else if (kind === SKIP) this.#event({ type: 'skipped', slot: number });
    else if (slots.finalize({ slot: number, hash, certificate }))
      this.#event({ type: 'finalized', slot: number, hash });
  }

  #broadcast(message: Message): void {
    this.#o.emit({ type: 'broadcast', message, again: false });
  }

  #event(event: ConsensusEvent): void {
    this.#o.emit({ type: 'event', event });
  }
}
