// docs/api.md names every method and every channel, and none that is not there.

import { readFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { METHODS } from '../../src/rpc/methods.ts';
import { parseChannel } from '../../src/rpc/websocket/channels.ts';

const page = suite('API page');
const text = await readFile(new URL('../../docs/api.md', import.meta.url), 'utf8');

page('has one row for each method', () => {
  const rows = [...text.matchAll(/^\| `([a-z_]+)` \|/gm)].map(([, name]) => name);
  assert.equal(rows.sort(), Object.keys(METHODS).sort());
});

page('names channels that exist', () => {
  const names = /channels ([^.]+)\./.exec(text)?.[1]?.match(/[a-z_]+(?=`)/g) ?? [];
  assert.is(names.length, 3);
  for (const name of names) assert.is(parseChannel(name).kind, name);
});

page.run();
