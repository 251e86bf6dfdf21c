// For how many there is a place here: peers in all, those of them who come by themselves, and bootstrap nodes.

import type { Session } from './session.ts';

export interface PlacesContext {
  readonly isConfigured: (peer: string) => boolean;
  /** consensus key of a validator of the present epoch that has bound itself to this peer */
  readonly validatorOf: (peer: string) => Uint8Array | undefined;
  readonly maxPeers: number;
  /** of these, whom we have not chosen ourselves; configured peers and validators are let in beyond both */
  readonly maxInbound: number;
}

/** Peers without a chain that are let in, besides configured ones: they help to find others, and take no part. */
const MAX_HELPERS = 8;

type Guest = Pick<Session, 'id' | 'direction' | 'phase'>;

export class Places {
  readonly #c: PlacesContext;

  constructor(context: PlacesContext) {
    this.#c = context;
  }

  /** @returns why there is no place for a peer beside the others, or undefined. */
  whyNone({ id, direction }: Guest, others: Iterable<Guest>): string | undefined {
    const { isConfigured, validatorOf, maxPeers, maxInbound } = this.#c;
    if (isConfigured(id) || validatorOf(id) !== undefined) return undefined;
    // those that will be peers in a moment take their place already
    const peers = [...others].filter(
      ({ id: other, phase }) => other !== id && (phase === 'connected' || phase === 'handshake'),
    );
    if (peers.length >= maxPeers) return `there are ${maxPeers} peers already`;
    const inbound = peers.filter((peer) => peer.direction === 'inbound').length;
    if (direction === 'outbound' || inbound < maxInbound) return undefined;
    return `there are ${maxInbound} peers already that came by themselves`;
  }

  /** The same for one that only helps to find others. */
  whyNoHelp({ id }: Guest, others: Iterable<Guest>): string | undefined {
    const helpers = [...others].filter(({ phase }) => phase === 'helping').length;
    if (this.#c.isConfigured(id) || helpers < MAX_HELPERS) return undefined;
    return `there are ${helpers} bootstrap nodes already`;
  }
}
