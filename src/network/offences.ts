// What counts against a peer: the kinds of offences, their points, and what is remembered of each. Nothing of libp2p here.

/**
 * Points for each offence. Honest nodes of one version never reject each other's messages and never tell what is not
 * so, hence few of these are forgiven; what an overloaded or impatient node does costs little.
 */
export const PENALTIES = {
  /** a gossip message that was rejected */
  rejected: 10,
  /** a request or an answer that breaks its protocol */
  violation: 10,
  /**
   * an answer in the right form that the peer can not believe itself: another block than was asked for, a certificate
   * whose signatures do not hold. Who answers so is asked again only after a while, so two of them must do.
   */
  untrue: 50,
  /** requests left lying, one after the other, by a peer that is there: silence.ts */
  unanswered: 100,
  /** more than the peer's share, or a stream left hanging */
  nuisance: 1,
} as const;
export type OffenceKind = keyof typeof PENALTIES;

export interface Offence {
  readonly kind: OffenceKind;
  /** for people */
  readonly reason: string;
  /** how often since it was first remembered */
  readonly times: number;
  /** ms since 1970, of the last time */
  readonly at: number;
}

/** Of one peer; of those that are the same the number is kept. */
const REMEMBERED_OFFENCES = 8;
/** Some of it may be words of the peer. */
const MAX_REASON_CHARACTERS = 160;

/** @returns what is remembered now, newest first. */
export function remember(offences: readonly Offence[], kind: OffenceKind, reason: string, at: number): Offence[] {
  const words = reason.replace(/[^\x20-\x7e]/g, '').slice(0, MAX_REASON_CHARACTERS);
  const isSame = (offence: Offence) => offence.kind === kind && offence.reason === words;
  const times = 1 + (offences.find(isSame)?.times ?? 0);
  const others = offences.filter((offence) => !isSame(offence));
  return [{ kind, reason: words, times, at }, ...others].slice(0, REMEMBERED_OFFENCES);
}
