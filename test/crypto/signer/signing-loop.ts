// A process for signer-crash.test.ts to kill: signs as fast as it can and prints each signature once it has it.
// Arguments: the record's file, the seed in hex, the first slot.

import { KeyPair } from '../../../src/crypto/keys.ts';
import { LocalSigner } from '../../../src/crypto/signer/local-signer.ts';
import { fromHex, toHex } from '../../../src/primitives/bytes.ts';
import { FINAL, NOTAR } from '../../../src/primitives/consensus.ts';
import { sha256 } from '../../../src/primitives/hash.ts';

const [file = '', seed = '', first = ''] = process.argv.slice(2);
const validatorsRoot = new Uint8Array(32);
const signer = await LocalSigner.open(file, new KeyPair(fromHex(seed)), new Uint8Array(32));

async function sign(kind: number, slot: number): Promise<void> {
  const hash = sha256(Uint8Array.of(slot & 255, slot >> 8));
  const signature = await signer.signVote({ epoch: 1, validatorsRoot, kind, slot, hash });
  process.stdout.write(`${kind} ${slot} ${toHex(signature)}\n`);
}

/** Slots signed at once: several entries share one write. */
const STRIDE = 4;

for (let slot = Number(first); ; slot += STRIDE) {
  const slots = Array.from({ length: STRIDE }, (_, i) => slot + i);
  await Promise.all(slots.flatMap((each) => [sign(NOTAR, each), sign(FINAL, each)]));
  if (slot % 500 < STRIDE && slot > 100) await signer.raiseFloor(1, slot - 100);
}
