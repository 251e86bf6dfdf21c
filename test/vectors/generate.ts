// Writes the test vectors of docs/protocol.md beside this file: `node --import tsx test/vectors/generate.ts`.
// A change of a vector is a change of the protocol; test/primitives/vectors.test.ts fails until both are committed.

import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type { JsonValue } from '../../src/primitives/json.ts';
import { blockVectors, compactVectors, consensusVectors, genesisVectors } from './chain-vectors.ts';
import { epochVectors } from './epoch-vectors.ts';
import { evidenceVectors } from './evidence-vectors.ts';
import { offenceVectors } from './offence-vectors.ts';
import { peerVectors } from './peer-vectors.ts';
import { snapshotVectors } from './snapshot-vectors.ts';
import { addressVectors, transactionVectors } from './transaction-vectors.ts';
import { electionVectors, stakingVectors } from './validator-vectors.ts';

export const VECTOR_FILES: Readonly<Record<string, () => JsonValue>> = {
  'addresses.json': addressVectors,
  'blocks.json': blockVectors,
  'compact.json': compactVectors,
  'consensus.json': consensusVectors,
  'elections.json': electionVectors,
  'epochs.json': epochVectors,
  'evidence.json': evidenceVectors,
  'genesis.json': genesisVectors,
  'offences.json': offenceVectors,
  'peer-bindings.json': peerVectors,
  'snapshot.json': snapshotVectors,
  'staking.json': stakingVectors,
  'transactions.json': transactionVectors,
};

export function formatVectors(vectors: JsonValue): string {
  return `${JSON.stringify(vectors, null, 2)}\n`;
}

export function readVectors(file: string): string {
  return readFileSync(new URL(file, import.meta.url), 'utf8');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const [file, vectors] of Object.entries(VECTOR_FILES)) {
    writeFileSync(new URL(file, import.meta.url), formatVectors(vectors()));
  }
}
