// What a world throws when something does not hold that must: the implementation under test is wrong.

/** Names of the invariants; a failure is shrunk while the same one is broken. */
export type Rule =
  | 'agreement'
  | 'validity'
  | 'ancestors'
  | 'double signature'
  | 'certificates'
  | 'evidence'
  | 'copies'
  | 'durability'
  | 'blame'
  | 'memory'
  | 'traffic'
  | 'progress'
  | 'halt';

export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation';
  readonly rule: Rule;
  /** the slot that it is about, where it is about one */
  readonly slot: number | undefined;

  constructor(rule: Rule, message: string, slot?: number) {
    super(message);
    this.rule = rule;
    this.slot = slot;
  }
}
