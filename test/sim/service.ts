// What a node answers its peers, honestly unless its behaviour says otherwise. Answers are bytes.

import { ListCompositeType } from '@chainsafe/ssz';
import { CertificatesResponse, CertifiedBlock } from '../../src/primitives/wire.ts';
import type { SimNode } from './node.ts';

export const ChainAnswer = new ListCompositeType(CertifiedBlock, 64);

export class Service {
  readonly #node: SimNode;

  constructor(node: SimNode) {
    this.#node = node;
  }

  /** @returns ssz(CertifiedBlock) */
  block(hashHex: string): Uint8Array | undefined {
    const { behaviour, liar } = this.#node;
    const block = behaviour?.serveBlock === undefined ? this.#node.block(hashHex) : behaviour.serveBlock(hashHex, liar);
    return block && CertifiedBlock.serialize({ block, certificate: null });
  }

  /** @returns ssz(CertificatesResponse) */
  certificates(epoch: number, from: number, to: number): Uint8Array | undefined {
    const { behaviour, liar, driver, database } = this.#node;
    const final = database.boundaryFinal(epoch);
    if (final !== undefined) return CertificatesResponse.serialize([final]);
    if (epoch !== driver.core.epoch) return undefined;
    const certificates =
      behaviour?.serveCertificates === undefined
        ? driver.core.certificates(from, to)
        : behaviour.serveCertificates(from, to, liar);
    return certificates && CertificatesResponse.serialize([...certificates]);
  }

  /** @returns ssz(ChainAnswer), blocks from a height on, up to the newest that has a Final */
  chain(from: number): Uint8Array | undefined {
    const { behaviour, liar, database } = this.#node;
    const chain =
      behaviour?.serveChain === undefined
        ? database.from(from, ChainAnswer.limit)
        : behaviour.serveChain(from, liar)?.slice(0, ChainAnswer.limit);
    return chain && ChainAnswer.serialize([...chain]);
  }
}
