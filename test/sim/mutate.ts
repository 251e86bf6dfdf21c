// Loads copies of src/consensus, broken by a mutant or not, and has the simulator find it out. The copies live in a
// temporary folder.

import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Edit, Mutant } from './mutants.ts';
import { type Draw, simulate, WorldFailure } from './simulate.ts';
import type { Implementation } from './world.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** One of these worlds catches each mutant. */
export const SEEDS: readonly number[] = Array.from({ length: 100 }, (_, seed) => seed);
/** validators in each of them */
export const NODES = 4;

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
  for (const edit of mutant?.edits ?? []) await apply(edit, join(folder, 'src/consensus'));
  const load = (file: string) => import(pathToFileURL(join(folder, 'src/consensus', file)).href);
  const [{ ConsensusDriver }, { Members }] = await Promise.all([load('driver.ts'), load('members.ts')]);
  return { implementation: { ConsensusDriver, Members }, dispose: () => rm(folder, { recursive: true }) };
}

async function apply({ file, find, replace }: Edit, folder: string): Promise<void> {
  const path = join(folder, file);
  const source = await readFile(path, 'utf8');
  if (source.split(find).length !== 2) throw new Error(`not exactly once in ${file}: ${find}`);
  await writeFile(
    path,
    source.replace(find, () => replace),
  );
}

/** @returns the first of these worlds in which it is caught, or undefined when it survives them all */
export async function catchIn(mutant: Mutant, seeds: Iterable<number>): Promise<number | undefined> {
  const { implementation, dispose } = await loadMutant(mutant);
  const play = playOf(mutant);
  try {
    for (const seed of seeds) {
      try {
        await simulate({ seed, nodes: NODES, implementation, ...play });
      } catch (error) {
        if (error instanceof WorldFailure && error.rule !== 'an error') return seed;
        throw error;
      }
    }
    return undefined;
  } finally {
    await dispose();
  }
}

/** What is set in the worlds of a mutant. */
export function playOf({ faulty, epochs }: Pick<Mutant, 'faulty' | 'epochs'>): Pick<Draw, 'faulty' | 'epochs'> {
  return { ...(faulty !== undefined && { faulty }), ...(epochs !== undefined && { epochs }) };
}
