// What this node is in each epoch: the chain says who its members are, and whether its validator is one of them. Consensus
// asks here for the instance that goes on.

import type { Chain } from '../chain/chain.ts';
import type { Members } from '../consensus/members.ts';
import type { EpochPort } from '../consensus/ports.ts';
import type { InstanceStart } from '../consensus/types.ts';
import type { Address } from '../primitives/address.ts';
import { type OwnValidator, seatIn } from './own-validator.ts';

/** A member of the present epoch. */
export interface Seat {
  readonly address: Address;
  /** consensus key */
  readonly publicKey: Uint8Array;
  /** whether it finalizes blocks without anyone else */
  readonly decidesAlone: boolean;
}

export class NodeEpochs implements EpochPort {
  readonly #chain: Pick<Chain, 'epoch' | 'members' | 'instance' | 'boundary'>;
  readonly #own: OwnValidator | undefined;

  /** @param own undefined on a node that only follows */
  constructor(chain: Pick<Chain, 'epoch' | 'members' | 'instance' | 'boundary'>, own: OwnValidator | undefined) {
    this.#chain = chain;
    this.#own = own;
  }

  /** This node's seat in the epoch that the next block belongs to; undefined when it has none. */
  get seat(): Seat | undefined {
    const members = this.#chain.members(this.#chain.epoch.epoch);
    const member = members && this.#memberOf(members);
    if (members === undefined || member === undefined) return undefined;
    const { address, publicKey, weight } = members.at(member);
    return { address, publicKey, decidesAlone: weight >= members.quorum };
  }

  /** @throws {ChainError} UPGRADE_REQUIRED */
  async present(): Promise<InstanceStart> {
    const start = await this.#chain.instance();
    return { ...start, self: this.#memberOf(start.members) };
  }

  boundaryFinal(epoch: number) {
    return this.#chain.boundary(epoch);
  }

  #memberOf(members: Members): number | undefined {
    return this.#own && seatIn(members.list, this.#own);
  }
}
