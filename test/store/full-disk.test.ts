// A full disk, a real one: a small tmpfs in a mount namespace that ends with the process which made it.

import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import { startChild } from './child-process.ts';

const NAMESPACE = ['unshare', '--mount', '--map-root-user'];

function mayMount(): boolean {
  const args = [...NAMESPACE.slice(1), 'mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', '/tmp'];
  return spawnSync('unshare', args).status === 0;
}

const fullDisk = suite('full disk');
const name = 'chain and journal stop at a full disk, stay readable, and go on when opened with room';

if (mayMount()) {
  fullDisk(name, async () => {
    const directory = await mkdtemp(join(tmpdir(), 'aitbc-full-'));
    try {
      const child = startChild('full-disk-child.ts', [directory], NAMESPACE);
      await child.said('passed');
      await child.ended();
    } finally {
      await rm(directory, { recursive: true });
    }
  });
} else {
  fullDisk.skip(`${name} (not run: mounting a tmpfs in an own namespace is not permitted here)`);
}

fullDisk.run();
