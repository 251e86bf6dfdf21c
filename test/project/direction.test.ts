// The one direction of imports (docs/architecture.md) is kept by the lint; here the lint itself is tried, on a tree of
// small files that each import one thing.

import { execFile } from 'node:child_process';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { withTempDir } from '../helpers/temp-dir.ts';

const direction = suite('direction of imports');
const BIOME = resolve('node_modules/@biomejs/biome/bin/biome');
/** From the top down. */
const ROOMS = [
  'cli',
  'node',
  'rpc',
  'sync',
  'network',
  'chain',
  'mempool',
  'store',
  'state',
  'ledger',
  'consensus',
  'crypto',
  'telemetry',
  'primitives',
] as const;
type Room = (typeof ROOMS)[number];
/** These three import nothing but primitives, each other neither. */
const PURE: readonly Room[] = ['state', 'ledger', 'consensus'];
const LIBP2P = ['libp2p', '@libp2p/tcp', '@chainsafe/libp2p-noise', '@multiformats/multiaddr'];

interface Trial {
  readonly room: Room;
  readonly path: string;
  readonly forbidden: boolean;
}

function trials(): Trial[] {
  return ROOMS.flatMap((room) => {
    const others = ROOMS.filter((other) => other !== room);
    const isPure = PURE.includes(room);
    return [
      { room, path: './own.ts', forbidden: false },
      ...others.map((other) => ({
        room,
        path: `../${other}/anything.ts`,
        forbidden: isPure ? other !== 'primitives' : ROOMS.indexOf(other) < ROOMS.indexOf(room),
      })),
      ...LIBP2P.map((path) => ({ room, path, forbidden: room !== 'network' })),
      { room, path: 'node:fs', forbidden: isPure || room === 'primitives' },
    ];
  });
}

/** The files of which the lint says that they import what they may not. */
async function lint(files: ReadonlyMap<string, string>): Promise<Set<string>> {
  return withTempDir(async (directory) => {
    await copyFile('biome.json', join(directory, 'biome.json'));
    for (const room of ROOMS) await mkdir(join(directory, 'src', room), { recursive: true });
    for (const [file, source] of files) await writeFile(join(directory, file), source);
    const args = [
      BIOME,
      'lint',
      '--only=style/noRestrictedImports',
      '--reporter=json',
      '--max-diagnostics=none',
      'src',
    ];
    const output = await new Promise<string>((done, fail) => {
      execFile(process.execPath, args, { cwd: directory, maxBuffer: 2 ** 26 }, (error, stdout) => {
        if (error !== null && typeof error.code !== 'number') fail(error);
        else done(stdout);
      });
    });
    return new Set(output.match(/src[/\\]+\w+[/\\]+trial-\d+\.ts/g)?.map((file) => file.replaceAll(/[/\\]+/g, '/')));
  });
}

const all = trials();
const fileOf = (index: number) => `src/${all[index]?.room}/trial-${index}.ts`;
const flagged = await lint(new Map(all.map(({ path }, index) => [fileOf(index), `export { x } from '${path}';\n`])));

for (const room of ROOMS) {
  direction(`${room} imports only what it may`, () => {
    for (const [index, trial] of all.entries()) {
      if (trial.room !== room) continue;
      const message = `${room} ${trial.forbidden ? 'must not' : 'may'} import ${trial.path}`;
      assert.is(flagged.has(fileOf(index)), trial.forbidden, message);
    }
  });
}

direction('the rooms below are told apart from those above', () => {
  const forbidden = all.filter((trial) => trial.forbidden).length;
  assert.is(flagged.size, forbidden);
  assert.ok(forbidden > 100 && forbidden < all.length - 80);
});

direction.run();
