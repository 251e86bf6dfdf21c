// Deliberately broken copies of src/consensus, driver and door included. Each mutant is one replacement in the source text; the copy lives in a
// temporary folder and never in src. A simulator that does not catch every one of them proves nothing.

import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Implementation } from './world.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export interface Mutant {
  readonly name: string;
  /** file under src/consensus */
  readonly file: string;
  /** text that stands there exactly once */
  readonly find: string;
  readonly replace: string;
}

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'quorum 2f',
    file: 'members.ts',
    find: 'Math.floor((2 * this.totalWeight) / 3) + 1',
    replace: '2 * Math.floor((this.totalWeight - 1) / 3)',
  },
  {
    name: 'FINAL after SKIP',
    file: 'core.ts',
    find: 'if (notar === undefined || slot.ownVotes.has(SKIP) || slot.ownVotes.has(FINAL)) return;',
    replace: 'if (notar === undefined || slot.ownVotes.has(FINAL)) return;',
  },
  {
    name: 'no ancestry check',
    file: 'core.ts',
    find: 'if (parentSlot >= slot || parentSlot < this.#slots.lastFinal.slot) return false;',
    replace: 'if (parentSlot < slot) return true;',
  },
  {
    name: 'journal lost on restart',
    file: 'core.ts',
    find: 'for (const record of this.#config.restored) this.#restore(record);',
    replace: '',
  },
  {
    name: 'no re-send',
    file: 'core.ts',
    find: 'if (stalled && this.#config.self !== undefined) this.#sendAgain(this.#config.self);',
    replace: '',
  },
  {
    name: 'own votes not persisted',
    file: 'core.ts',
    find: "this.#emit({ type: 'persist', record: { selector: 2, value: data } });",
    replace: '',
  },
  {
    name: 'block not persisted before NOTAR',
    file: 'core.ts',
    find: "if (!isKept) this.#emit({ type: 'persist', record: { selector: 0, value: entry.proposal } });",
    replace: '',
  },
  {
    name: 'own proposal not persisted',
    file: 'proposer.ts',
    find: "emit({ type: 'persist', record: { selector: 1, value: slot.ownProposal } });",
    replace: '',
  },
  {
    name: 'own votes not sent after a restart',
    file: 'core.ts',
    find: 'if (!signed.some(({ kind }) => kind === data.kind)) this.#signVote(data);',
    replace: '',
  },
  {
    name: 'FINAL without NOTAR',
    file: 'core.ts',
    find: 'const notar = slot.ownVotes.get(NOTAR);\n    if (notar',
    replace: 'const [notar] = slot.notars.values();\n    if (notar',
  },
  {
    name: 'skipped slots not checked',
    file: 'core.ts',
    find: 'if (notSkipped !== undefined) return this.#askForGap(notSkipped, slot);',
    replace: '',
  },
  {
    name: 'clock not checked',
    file: 'core.ts',
    find: '!this.#isInTime(slot, entry)',
    replace: 'false',
  },
  {
    name: 'finalize before execution',
    file: 'core.ts',
    find: 'if (!this.#blocks.isValid(hashHex)) return;',
    replace: '',
  },
  {
    name: 'timers that do not grow',
    file: 'timing.ts',
    find: 'const BACKOFF = 1.5;',
    replace: 'const BACKOFF = 1;',
  },
  {
    name: 'votes not sent again',
    file: 'resend.ts',
    find: ', ...slot.votesOf(self).map(asMessage)',
    replace: '',
  },
  {
    name: 'certificates not sent again',
    file: 'resend.ts',
    find: "...certificates.map((certificate): Message => ({ kind: 'certificate', certificate })),",
    replace: '',
  },
  {
    name: 'missing blocks asked for once',
    file: 'execution.ts',
    find: "for (const hash of this.#blocks.wanted) this.#emit({ type: 'fetchBlock', hash });",
    replace: '',
  },
  {
    name: 'journal not waited for',
    file: 'driver.ts',
    find: 'this.#durable = this.#d.journal.append(JournalRecord.serialize(record));\n    this.#durable.catch',
    replace: 'this.#d.journal.append(JournalRecord.serialize(record)).catch',
  },
  {
    name: 'commit not waited for',
    file: 'driver.ts',
    find: 'await this.#d.blocks.finalize(hash, certificate);',
    replace: 'this.#d.blocks.finalize(hash, certificate).catch(() => undefined);',
  },
];

/** Loads a copy of the room with the mutant's replacement, or an unchanged one. `dispose` removes the copy. */
export async function loadMutant(
  mutant?: Mutant,
): Promise<{ implementation: Implementation; dispose(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'aitbc-mutant-'));
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  for (const room of ['consensus', 'primitives']) {
    await cp(join(ROOT, 'src', room), join(folder, 'src', room), { recursive: true });
  }
  if (mutant !== undefined) await mutate(join(folder, 'src/consensus', mutant.file), mutant);
  const load = (file: string) => import(pathToFileURL(join(folder, 'src/consensus', file)).href);
  const [{ ConsensusDriver }, { Members }] = await Promise.all([load('driver.ts'), load('members.ts')]);
  return { implementation: { ConsensusDriver, Members }, dispose: () => rm(folder, { recursive: true }) };
}

async function mutate(file: string, { name, find, replace }: Mutant): Promise<void> {
  const source = await readFile(file, 'utf8');
  if (source.split(find).length !== 2)
    throw new Error(`mutant "${name}": its text does not stand exactly once in ${file}`);
  await writeFile(
    file,
    source.replace(find, () => replace),
  );
}
