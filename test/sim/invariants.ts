// What must hold in every world, checked from the outside: from what honest nodes send, commit and hold. Each rule is a
// file of its own, written apart from the code under test and sharing none of it.

import type { Held } from '../../src/consensus/types.ts';
import { CertificateRules } from './invariants/certificates.ts';
import { ChainRules } from './invariants/chain.ts';
import { CopyRule } from './invariants/copies.ts';
import { EvidenceRule } from './invariants/evidence.ts';
import { Law, type LawOptions } from './invariants/law.ts';
import { MemoryRule } from './invariants/memory.ts';
import { ProgressRule } from './invariants/progress.ts';
import { SignatureRules } from './invariants/signatures.ts';
import { type TrafficBounds, TrafficRules } from './invariants/traffic.ts';

export interface InvariantsOptions extends LawOptions {
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
    const law = new Law(options);
    this.signatures = new SignatureRules(law);
    this.certificates = new CertificateRules(law);
    this.chain = new ChainRules(law, this.certificates);
    this.evidence = new EvidenceRule(law);
    this.copies = new CopyRule(law);
    this.progress = new ProgressRule(options.stableAt, options.recovery);
    this.memory = new MemoryRule(options.memory);
    this.traffic = new TrafficRules(options.traffic);
  }
}
