// Writes dist/build-info.json, so that a package without its repository still knows what it was built from.

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const root = new URL('../', import.meta.url);
const { version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));

function git(...args) {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
}

/** The commit, with `-dirty` when tracked files differ from it; `unknown` outside a repository. */
function commit() {
  try {
    const head = git('rev-parse', '--short=12', 'HEAD');
    return git('status', '--porcelain', '--untracked-files=no') === '' ? head : `${head}-dirty`;
  } catch {
    return process.env.GIT_COMMIT || 'unknown';
  }
}

writeFileSync(new URL('dist/build-info.json', root), `${JSON.stringify({ version, commit: commit() })}\n`);
