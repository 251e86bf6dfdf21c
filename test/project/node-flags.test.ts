// The flags of Node.js stand in three places that cannot share a constant; they must be the same.

import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const flags = suite('flags of Node.js');

flags('are the same for the binary, the Makefile and the nodes of a devnet', () => {
  const places = [
    ['bin/aitbc-node.js', /^#!\/usr\/bin\/env -S node (.+)$/m],
    ['Makefile', /^NODE_FLAGS := (.+)$/m],
    ['src/cli/node-process.ts', /^const NODE_FLAGS = \['(.+)'\];$/m],
  ] as const;
  const found = places.map(([file, pattern]) => pattern.exec(readFileSync(file, 'utf8'))?.[1]);
  assert.ok(found[0]);
  assert.equal(found, [found[0], found[0], found[0]]);
});

flags.run();
