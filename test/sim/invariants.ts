// What must hold in every world, checked from the outside: from what honest nodes send, commit and hold. Each rule is a
// file of its own, written apart from the code under test and sharing none of it.

import type { Held } from '../../src/consensus/types.ts';
import type { Hash } from '../../src/primitives/hash.ts';
import { CertificateRules } from './invariants/certificates.ts';
import { ChainRules } from './invariants/chain.ts';
import { CopyRule } from './invariants/copies.ts';
import { EvidenceRule } from './invariants/evidence.ts';
import type { LawOf } from './invariants/law.ts';
import { MemoryRule } from './invariants/memory.ts';
import { ProgressRule } from './invariants/progress.ts';
import { SignatureRules } from './invariants/signatures.ts';
import { type TrafficBounds, TrafficRules } from './invariants/traffic.ts';

export interface InvariantsOptions {
  readonly lawOf: LawOf;
  readonly genesisHash: Hash;
  /** of a validator of the world, by its id */
  readonly isHonest: (id: number) => boolean;
  /** ms */
  readonly stableAt: number;
  /** ms from then on within which every node goes on */
  readonly recovery: number;
  readonly memory: Held;
  readonly traffic: TrafficBounds;
}

export class Invariants {
  readonly signatures: SignatureRules;
  readonly certificates: CertificateRules;
  readonly chain: ChainRules;
  readonly evidence: EvidenceRule;
  readonly copies: CopyRule;
  readonly progress: ProgressRule;
  readonly memory: MemoryRule;
  readonly traffic: TrafficRules;

  constructor(options: InvariantsOptions) {
    const { lawOf } = options;
    this.signatures = new SignatureRules(lawOf);
    this.certificates = new CertificateRules(lawOf);
    this.chain = new ChainRules(lawOf, this.certificates);
    this.evidence = new EvidenceRule(lawOf);
    this.copies = new CopyRule(options);
    this.progress = new ProgressRule(options.stableAt, options.recovery);
    this.memory = new MemoryRule(options.memory);
    this.traffic = new TrafficRules(options.traffic);
  }
}
