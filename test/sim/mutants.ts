// Rules of consensus that are broken on purpose, driver and door included. Each mutant is a replacement or two in the
// source text of a copy (mutate.ts), never in src. A simulator that does not catch every one of them proves nothing.

export interface Edit {
  /** under src/consensus */
  readonly file: string;
  /** text that stands there exactly once */
  readonly find: string;
  readonly replace: string;
}

export interface Mutant {
  readonly name: string;
  readonly edits: readonly Edit[];
  /** what the last members of its worlds do, where only that brings it to light; otherwise their seeds decide */
  readonly faulty?: readonly string[];
  /** epochs that end in its worlds, where only that brings it to light */
  readonly epochs?: number;
}

const EPOCHS = 4;

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'quorum 2f',
    edits: [
      {
        file: 'members.ts',
        find: 'quorumOf(this.totalWeight)',
        replace: '2 * Math.floor((this.totalWeight - 1) / 3)',
      },
    ],
  },
  {
    name: 'FINAL after SKIP',
    edits: [
      {
        file: 'voter.ts',
        find: 'if (notar === undefined || slot.ownVotes.has(SKIP) || slot.ownVotes.has(FINAL)) return;',
        replace: 'if (notar === undefined || slot.ownVotes.has(FINAL)) return;',
      },
    ],
  },
  {
    name: 'no ancestry check',
    edits: [
      {
        file: 'justification.ts',
        find: 'if (parentSlot >= slot || parentSlot < slots.lastFinal.slot) return false;',
        replace: 'if (parentSlot < slot) return true;',
      },
    ],
  },
  {
    name: 'journal lost on restart',
    edits: [
      {
        file: 'core.ts',
        find: 'for (const record of this.#config.restored) this.#restore(record);',
        replace: '',
      },
    ],
  },
  {
    name: 'no re-send',
    edits: [
      {
        file: 'resend.ts',
        find: 'if (stalled) this.#sendAgain();',
        replace: '',
      },
    ],
  },
  {
    name: 'own votes not persisted',
    edits: [
      {
        file: 'voter.ts',
        find: "this.#o.emit({ type: 'persist', record: { selector: 2, value: data } });",
        replace: '',
      },
    ],
  },
  {
    name: 'block not persisted before NOTAR',
    edits: [
      {
        file: 'voter.ts',
        find: "if (!isKept) emit({ type: 'persist', record: { selector: 0, value: entry.proposal } });",
        replace: '',
      },
    ],
  },
  {
    name: 'own proposal not persisted',
    edits: [
      {
        file: 'proposer.ts',
        find: "emit({ type: 'persist', record: { selector: 1, value: slot.ownProposal } });",
        replace: '',
      },
    ],
  },
  {
    name: 'own votes not sent after a restart',
    edits: [
      {
        file: 'voter.ts',
        find: 'if (!signed.some(({ kind }) => kind === data.kind)) this.#sign(data);',
        replace: '',
      },
    ],
  },
  {
    name: 'FINAL without NOTAR',
    edits: [
      {
        file: 'voter.ts',
        find: 'const notar = slot.ownVotes.get(NOTAR);\n    if (notar',
        replace: 'const [notar] = slot.notars.values();\n    if (notar',
      },
    ],
  },
  {
    name: 'skipped slots not checked',
    edits: [
      {
        file: 'justification.ts',
        find: 'if (notSkipped !== undefined) return this.#lacks(notSkipped, slot);',
        replace: '',
      },
    ],
  },
  {
    name: 'clock not checked',
    edits: [
      {
        file: 'voter.ts',
        find: '!this.#isInTime(slot, entry, now)',
        replace: 'false',
      },
    ],
  },
  {
    name: 'finalize before execution',
    edits: [
      {
        file: 'finalizer.ts',
        find: 'if (!blocks.isValid(hashHex)) return;',
        replace: '',
      },
    ],
  },
  {
    name: 'timers that do not grow',
    edits: [
      {
        file: 'timing.ts',
        find: 'const BACKOFF = 1.5;',
        replace: 'const BACKOFF = 1;',
      },
    ],
  },
  {
    name: 'votes not sent again',
    edits: [
      {
        file: 'resend.ts',
        find: ', ...slot.votesOf(self).map(asMessage)',
        replace: '',
      },
    ],
  },
  {
    name: 'certificates not sent again',
    edits: [
      {
        file: 'resend.ts',
        find: "...certificates.map((certificate): Message => ({ kind: 'certificate', certificate })),",
        replace: '',
      },
    ],
  },
  {
    name: 'missing blocks asked for once',
    edits: [
      {
        file: 'execution.ts',
        find: "for (const hash of this.#blocks.wanted) this.#emit({ type: 'fetchBlock', hash });",
        replace: '',
      },
    ],
  },
  {
    name: 'journal not waited for',
    edits: [
      {
        file: 'instance.ts',
        find: 'this.#durable = this.#o.d.journal.append(JournalRecord.serialize(record));\n    this.#durable.catch',
        replace: 'this.#o.d.journal.append(JournalRecord.serialize(record)).catch',
      },
    ],
  },
  {
    name: 'commit not waited for',
    edits: [
      {
        file: 'instance.ts',
        find: 'await this.#o.d.blocks.finalize(hash, certificate);',
        replace: 'this.#o.d.blocks.finalize(hash, certificate).catch(() => undefined);',
      },
    ],
  },
  {
    name: 'nothing waits for the journal',
    edits: [
      { file: 'instance.ts', find: 'await durable;\n        use(signature);', replace: 'use(signature);' },
      {
        file: 'instance.ts',
        find: "await durable;\n      if (this.#stage === 'over') return;",
        replace: "if (this.#stage === 'over') return;",
      },
    ],
  },
  {
    name: 'certificates sent before they are durable',
    edits: [
      {
        file: 'instance.ts',
        find: "await durable;\n      if (this.#stage === 'over') return;",
        replace: "if (this.#stage === 'over') return;",
      },
    ],
  },
  {
    name: 'new journal without certificates',
    edits: [
      {
        file: 'slots.ts',
        find: 'for (const value of slot.certificates) records.push({ selector: 3, value });',
        replace: '',
      },
    ],
  },
  {
    name: 'new journal without the blocks voted for',
    edits: [
      {
        file: 'slots.ts',
        find: 'if (voted !== undefined) records.push({ selector: 0, value: voted.proposal });',
        replace: '',
      },
    ],
  },
  {
    name: 'new journal without own votes',
    edits: [
      {
        file: 'slots.ts',
        find: 'for (const value of slot.ownVotes.values()) records.push({ selector: 2, value });',
        replace: '',
      },
    ],
  },
  {
    name: 'parent not checked to be notarized',
    faulty: ['false-parent'],
    edits: [
      {
        file: 'justification.ts',
        find: 'if (!again && !slots.notarizedIn(parentSlot, parentHash)) return this.#lacks(parentSlot, slot);',
        replace: '',
      },
    ],
  },
  {
    name: 'every leader passed over',
    edits: [{ file: 'silence.ts', find: 'if (!this.isSilent(leader)) return false;', replace: 'return true;' }],
  },
  {
    name: 'signatures of certificates not checked',
    faulty: ['certificate-replayer'],
    edits: [
      {
        file: 'door.ts',
        find: 'await this.#allHold(certificateChecks(certificate, members, genesisHash))',
        replace: 'certificateChecks(certificate, members, genesisHash).length > 0',
      },
    ],
  },
  {
    name: 'weight and form of certificates not checked',
    faulty: ['certificate-replayer'],
    edits: [
      {
        file: 'certificate.ts',
        find: "if (signers.length !== certificate.signatures.length) return 'as many signatures as bits are needed';",
        replace: '',
      },
      { file: 'certificate.ts', find: 'if (weight < members.quorum) return', replace: 'if (weight < 0) return' },
    ],
  },
  {
    name: 'signatures of votes not checked',
    faulty: ['forger'],
    edits: [
      {
        file: 'door.ts',
        find: "if (!(await this.#allHold([{ publicKey, message, signature: vote.signature }]))) return 'reject';",
        replace: '',
      },
    ],
  },
  {
    name: 'signatures of leaders not checked',
    faulty: ['forger'],
    edits: [
      {
        file: 'door.ts',
        find: 'const holds = await this.#allHold([{ publicKey: members.at(leader).publicKey, message, signature }]);',
        replace: 'const holds = true;',
      },
    ],
  },
  {
    name: 'two proposals that wait keep all others out',
    faulty: ['incomplete-proposer'],
    edits: [
      {
        file: 'incomplete.ts',
        find: 'const ofLeader = waiting.filter((other) => other.leader === leader);',
        replace: 'const ofLeader = waiting.filter(() => leader >= 0);',
      },
      {
        file: 'incomplete.ts',
        find: 'if (furthest !== undefined && this.#distance(furthest) <= this.#distance(candidate)) return false;',
        replace: 'if (furthest !== undefined) return false;',
      },
    ],
  },
  {
    name: 'epoch of votes not checked',
    epochs: EPOCHS,
    edits: [
      { file: 'admission.ts', find: 'if (vote.epoch !== this.#epoch || vote.member', replace: 'if (vote.member' },
    ],
  },
  {
    name: 'signatures for any set of validators',
    edits: [
      {
        file: 'voter.ts',
        find: 'validatorsRoot: members.root, kind',
        replace: 'validatorsRoot: new Uint8Array(32), kind',
      },
      {
        file: 'door.ts',
        find: 'const data = { ...vote, validatorsRoot: members.root };',
        replace: 'const data = { ...vote, validatorsRoot: new Uint8Array(32) };',
      },
      {
        file: 'door.ts',
        find: 'validatorsRoot: members.root, slot, hash, parentSlot',
        replace: 'validatorsRoot: new Uint8Array(32), slot, hash, parentSlot',
      },
      {
        file: 'proposer.ts',
        find: 'const validatorsRoot = this.#o.config.members.root;',
        replace: 'const validatorsRoot = new Uint8Array(32);',
      },
      { file: 'certificate.ts', find: 'validatorsRoot: members.root', replace: 'validatorsRoot: new Uint8Array(32)' },
    ],
  },
  {
    name: 'any two votes of a slot are evidence',
    edits: [
      {
        file: 'slot.ts',
        find: '[kind, ...opposites(kind)]\n      .flatMap',
        replace: '[NOTAR, SKIP, FINAL]\n      .flatMap',
      },
      { file: 'slot.ts', find: 'votesContradict(earlier, vote) !== undefined', replace: 'earlier.kind !== vote.kind' },
    ],
  },
  {
    name: 'one certificate for each slot',
    edits: [
      {
        file: 'slot.ts',
        find: 'return [...this.notars.values(), this.skip, this.final]',
        replace: 'return [...(this.skip === undefined ? this.notars.values() : [this.skip]), this.final]',
      },
    ],
  },
  {
    name: 'floor not raised before the journal forgets',
    edits: [{ file: 'instance.ts', find: 'await this.#o.own?.raiseFloor(this.core.epoch, floor);', replace: '' }],
  },
  {
    name: 'first block without the Final of the epoch before',
    epochs: EPOCHS,
    edits: [
      {
        file: 'proposer.ts',
        find: 'parentCertificate: parent.certificate,',
        replace: 'parentCertificate: parent.slot === 0 ? undefined : parent.certificate,',
      },
    ],
  },
  {
    name: 'Final of the epoch before judged under the new set',
    epochs: EPOCHS,
    edits: [
      {
        file: 'door.ts',
        find: 'kind === FINAL ? previous : undefined',
        replace: 'kind === FINAL ? members : undefined',
      },
    ],
  },
  {
    name: 'Final of the epoch before counts in the new one',
    epochs: EPOCHS,
    edits: [
      {
        file: 'admission.ts',
        find: 'if (epoch !== this.#epoch) return false;\n    if (slot <= slots',
        replace: 'if (slot <= slots',
      },
    ],
  },
  {
    name: 'journal of the epoch before restored in the new one',
    epochs: EPOCHS,
    edits: [
      {
        file: 'core.ts',
        find: 'if (epoch !== this.epoch || number <= this.#slots.committed.slot) return;',
        replace: 'if (number <= this.#slots.committed.slot) return;',
      },
    ],
  },
  {
    name: 'floor not raised between epochs',
    epochs: EPOCHS,
    edits: [{ file: 'driver.ts', find: 'await this.#own?.raiseFloor(start.epoch, start.anchor.slot);', replace: '' }],
  },
  {
    name: 'messages of a later epoch do not make a node catch up',
    epochs: EPOCHS,
    edits: [{ file: 'door.ts', find: '    behind();\n', replace: '' }],
  },
  {
    name: 'who has no seat does not tell how the epoch before ended',
    epochs: EPOCHS,
    edits: [
      {
        file: 'resend.ts',
        find: '} else if (slot === 0 && certificate !== undefined) {',
        replace: '} else if (slot < 0 && certificate !== undefined) {',
      },
    ],
  },
  {
    name: 'built on the last block of an epoch',
    epochs: EPOCHS,
    edits: [
      {
        file: 'proposer.ts',
        find: 'if (isBoundary(header, config)) this.#proposeAgainWhenDue',
        replace: 'if (header.height < 0) this.#proposeAgainWhenDue',
      },
    ],
  },
  {
    name: 'another block than the last of an epoch accepted on it',
    epochs: EPOCHS,
    edits: [
      {
        file: 'proposer.ts',
        find: 'if (isBoundary(header, config)) this.#proposeAgainWhenDue',
        replace: 'if (header.height < 0) this.#proposeAgainWhenDue',
      },
      {
        file: 'justification.ts',
        find: 'if (again || isBoundary(parent, config)) return again && isBoundary(parent, config);',
        replace: '',
      },
    ],
  },
  {
    name: 'instance that goes on after its end',
    epochs: EPOCHS,
    edits: [
      {
        file: 'core.ts',
        find: "if (output.type === 'halt' || output.type === 'epochEnded') this.#stage",
        replace: "if (output.type === 'halt') this.#stage",
      },
      {
        file: 'instance.ts',
        find: "async end(): Promise<void> {\n    this.#stage = 'over';\n    this.#timers.end();",
        replace: 'async end(): Promise<void> {',
      },
    ],
  },
];
