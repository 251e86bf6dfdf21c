import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { KeyPair } from '../../../src/crypto/keys.ts';
import { SignerError } from '../../../src/crypto/signer/errors.ts';
import { LocalSigner } from '../../../src/crypto/signer/local-signer.ts';
import { toHex } from '../../../src/primitives/bytes.ts';
import { NOTAR } from '../../../src/primitives/consensus.ts';
import { sha256 } from '../../../src/primitives/hash.ts';
import { withTimeout } from '../../helpers/timeout.ts';

const PATIENCE_MS = 30_000;
/** Lines of output before each kill: at the first signatures, and after the file was filled and rewritten. */
const ROUNDS = [1, 4_200];

const test = suite('LocalSigner under kill -9');
const ZEROS = new Uint8Array(32);
let directory = '';

test.before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'aitbc-signer-'));
});
test.after(() => rm(directory, { recursive: true }));

/** Runs the loop until it has printed some lines, kills it, and returns every complete line it printed. */
async function signUntilKilled(file: string, key: KeyPair, first: number, lines: number): Promise<string[]> {
  const script = fileURLToPath(new URL('./signing-loop.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script, file, toHex(key.seed), String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  let printed = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    printed += text.split('\n').length - 1;
    if (printed >= lines) child.kill('SIGKILL');
  });
  await withTimeout(once(child, 'close'), PATIENCE_MS, 'the signing process to die');
  assert.is(child.signalCode, 'SIGKILL');
  return output.split('\n').slice(0, -1);
}

test('knows every signature that left, whenever it dies', async () => {
  const file = join(directory, 'record');
  const key = KeyPair.generate();
  await (await LocalSigner.create(file, key, ZEROS)).close();
  let first = 1;
  for (const round of ROUNDS) {
    const lines = await signUntilKilled(file, key, first, round);
    const signer = await LocalSigner.open(file, key, ZEROS);
    let checked = 0;
    for (const line of lines) {
      const [kind, slot, signature] = line.split(' ');
      const number = Number(slot);
      const hash = sha256(Uint8Array.of(number & 255, number >> 8));
      const vote = { epoch: 1, validatorsRoot: ZEROS, kind: Number(kind), slot: number, hash };
      const other = await outcome(signer.signVote({ ...vote, kind: NOTAR, hash: sha256(hash) }));
      assert.match(other, /REFUSED .*(one NOTAR a slot|floor)/, line);
      const same = await outcome(signer.signVote(vote));
      if (/REFUSED .*floor/.test(same)) continue; // pruned, and refused for good
      assert.is(same, signature);
      checked += 1;
      first = number + 2;
    }
    assert.ok(checked > 0);
    await signer.close();
  }
});

/** The signature in hex, or the error as text. */
async function outcome(asked: Promise<Uint8Array>): Promise<string> {
  try {
    return toHex(await asked);
  } catch (error) {
    assert.instance(error, SignerError);
    return `${(error as SignerError).code} ${(error as SignerError).message}`;
  }
}

test.run();
