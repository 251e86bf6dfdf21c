// How large nodes are, as Linux counts it.

import { readFile, writeFile } from 'node:fs/promises';
import type { TestNode } from './devnet.ts';

/** @returns the resident memory of the largest node, bytes: what it has, or the most since `forgetPeaks`. */
export async function largest(nodes: readonly TestNode[], when: 'now' | 'at most'): Promise<number> {
  const name = when === 'now' ? 'VmRSS' : 'VmHWM';
  const sizes = nodes.map(async ({ process: { pid } }) => {
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    return Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024;
  });
  return Math.max(...(await Promise.all(sizes)));
}

export async function forgetPeaks(nodes: readonly TestNode[]): Promise<void> {
  await Promise.all(nodes.map(({ process: { pid } }) => writeFile(`/proc/${pid}/clear_refs`, '5')));
}
