// The published keys of a devnet, as networks/devnet/keys.json has them for everyone to read.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { KeyPair } from '../crypto/keys.ts';
import { addressOf, formatAddress } from '../primitives/address.ts';
import { fromHex } from '../primitives/bytes.ts';
import { networkDirectory } from './package-root.ts';

/** The name of the key with which the one validator of the published genesis votes. */
export const DEVNET_VALIDATOR = 'validator';
export const DEVNET_FAUCET = 'faucet';

const KeysFile = z.object({
  keys: z.array(z.object({ name: z.string(), seed: z.string().regex(/^[0-9a-f]{64}$/) })),
});

export interface PublishedKey {
  readonly name: string;
  readonly key: KeyPair;
  /** `ait1…` */
  readonly address: string;
}

export async function publishedKeys(): Promise<PublishedKey[]> {
  const text = await readFile(join(networkDirectory('devnet'), 'keys.json'), 'utf8');
  return KeysFile.parse(JSON.parse(text)).keys.map(({ name, seed }) => {
    const key = new KeyPair(fromHex(seed));
    return { name, key, address: formatAddress(addressOf(key.publicKey)) };
  });
}
