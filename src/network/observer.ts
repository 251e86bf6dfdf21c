// What the network room tells about its traffic. Whoever keeps metrics implements it; nothing here knows of them.

import type { Verdict } from './network.ts';
import type { OffenceKind } from './offences.ts';
import type { GossipTopic, RequestProtocol } from './protocols.ts';

export type RequestOutcome = 'ok' | 'refused' | 'failed';

/** Called synchronously on the hot path: implementations only count. */
export interface NetworkObserver {
  gossipPublished(topic: GossipTopic, bytes: number): void;
  /** First arrival of a message; duplicates are not told. */
  gossipReceived(topic: GossipTopic, bytes: number): void;
  gossipJudged(topic: GossipTopic, verdict: Verdict): void;
  /** Something that counts against a peer. */
  offence(kind: OffenceKind): void;
  /** @param bytes of the answer. @param direction `inbound`: a peer asked us. */
  requestServed(
    protocol: RequestProtocol,
    direction: 'inbound' | 'outbound',
    outcome: RequestOutcome,
    bytes: number,
  ): void;
}
