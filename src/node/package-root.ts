// Where this package is on disk, whether it runs from src/ or dist/, from its repository or from node_modules.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = new URL('../../', import.meta.url);

/** The folder of a network that comes with this package; it need not exist. */
export function networkDirectory(network: string): string {
  return fileURLToPath(new URL(`networks/${network}`, ROOT));
}

/** The program as npm installs it; it needs a build. */
export function programFile(): string {
  return fileURLToPath(new URL('bin/aitbc-node.js', ROOT));
}

export interface BuildInfo {
  readonly version: string;
  /** short hash, `-dirty` added when the tree differed from it; `source` when this runs without a build */
  readonly commit: string;
}

export function buildInfo(): BuildInfo {
  try {
    return readJson('dist/build-info.json') as BuildInfo;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return { version: (readJson('package.json') as { version: string }).version, commit: 'source' };
  }
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(new URL(path, ROOT), 'utf8'));
}
