// Makes proofs of presence and absence from the pages of a tree; primitives/state-proof.ts says what they mean and
// verifies them.

import { equalBytes } from '../primitives/bytes.ts';
import { pathBit, type StateLeaf, type StateProof, statePath } from '../primitives/state-proof.ts';
import { EMPTY, INNER, PAGE_ROOT, PAGE_SLOTS, PageEditor } from './page.ts';
import { nibbleAt, pagePath, ROOT_PATH, requirePage } from './tree.ts';
import type { TreeSource } from './view.ts';

/**
 * The proof that `key` has the value, or the absence, which `source` has for it. The root to verify it against is the
 * source's.
 * @throws {StateError} CORRUPT_PAGE, MISSING_PAGE
 */
export function prove(source: Pick<TreeSource, 'getNode'>, key: Uint8Array): StateProof {
  const path = statePath(key);
  const siblings: Uint8Array[] = [];
  const first = source.getNode(ROOT_PATH);
  if (first === undefined) return { siblings, otherLeaf: null };

  const editor = new PageEditor();
  let page = first;
  for (let depth = 0; ; depth++) {
    editor.load(page);
    editor.open(nibbleAt(path, depth));
    editor.hash();
    let node = PAGE_ROOT;
    while (node < PAGE_SLOTS && editor.kindOf(node) === INNER) {
      node = 2 * node + pathBit(path, siblings.length);
      siblings.push(editor.hashOf(node ^ 1).slice());
    }
    if (editor.kindOf(node) === EMPTY) return { siblings, otherLeaf: null };
    if (editor.kindOf(node) !== INNER) return { siblings, otherLeaf: otherThan(path, editor.loneLeaf(node)) };
    page = requirePage(source, pagePath(path, depth + 1));
  }
}

function otherThan(path: Uint8Array, { path: leafPath, valueHash }: StateLeaf): StateLeaf | null {
  return equalBytes(path, leafPath) ? null : { path: leafPath.slice(), valueHash: valueHash.slice() };
}
