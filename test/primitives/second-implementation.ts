// A second implementation of the encodings, written from docs/protocol.md alone: it takes the JSON forms to bytes with
// node:crypto and nothing of src/. What it and src/ agree on is what the page says.

import { createHash, createPrivateKey, createPublicKey, sign as nodeSign } from 'node:crypto';

/** An SSZ type that takes a JSON form to bytes. `fixed` is the size in bytes, undefined when it varies. */
interface Encoder {
  readonly fixed: number | undefined;
  encode(json: unknown): Buffer;
}

export function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function uint(bytes: number): Encoder {
  return {
    fixed: bytes,
    encode(json) {
      const out = Buffer.alloc(8);
      out.writeBigUInt64LE(BigInt(json as number | string));
      return out.subarray(0, bytes);
    },
  };
}

function bytes(fixed: number | undefined): Encoder {
  return { fixed, encode: (json) => Buffer.from(json as string, 'hex') };
}

function name(...names: readonly string[]): Encoder {
  return { fixed: 1, encode: (json) => Buffer.of(typeof json === 'number' ? json : names.indexOf(json as string)) };
}

const text: Encoder = { fixed: undefined, encode: (json) => Buffer.from(json as string, 'utf8') };
const address: Encoder = { fixed: 20, encode: (json) => readAddress(json as string) };

/** Fixed parts in order, with a 4-byte offset for each part of varying size; then those parts. */
function assemble(parts: readonly { fixed: number | undefined; bytes: Buffer }[]): Buffer {
  let offset = parts.reduce((sum, { fixed }) => sum + (fixed ?? 4), 0);
  const head: Buffer[] = [];
  const tail: Buffer[] = [];
  for (const { fixed, bytes } of parts) {
    if (fixed !== undefined) {
      head.push(bytes);
      continue;
    }
    const at = Buffer.alloc(4);
    at.writeUInt32LE(offset);
    head.push(at);
    tail.push(bytes);
    offset += bytes.length;
  }
  return Buffer.concat([...head, ...tail]);
}

function container(fields: Readonly<Record<string, Encoder>>): Encoder {
  const entries = Object.entries(fields);
  const sizes = entries.map(([, { fixed }]) => fixed);
  return {
    fixed: sizes.includes(undefined) ? undefined : sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0),
    encode: (json) =>
      assemble(
        entries.map(([key, type]) => ({
          fixed: type.fixed,
          bytes: type.encode((json as Record<string, unknown>)[key]),
        })),
      ),
  };
}

function list(type: Encoder): Encoder {
  return {
    fixed: undefined,
    encode: (json) => assemble((json as unknown[]).map((item) => ({ fixed: type.fixed, bytes: type.encode(item) }))),
  };
}

function optional(type: Encoder): Encoder {
  return {
    fixed: undefined,
    encode: (json) => (json === null ? Buffer.alloc(0) : Buffer.concat([Buffer.of(1), type.encode(json)])),
  };
}

function union(alternatives: Readonly<Record<string, Encoder>>): Encoder {
  return {
    fixed: undefined,
    encode(json) {
      const { type } = json as { type: string };
      const encoder = alternatives[type] as Encoder;
      return Buffer.concat([Buffer.of(Object.keys(alternatives).indexOf(type)), encoder.encode(json)]);
    },
  };
}

const voteKind = name('NOTAR', 'SKIP', 'FINAL');
export const voteData = container({
  epoch: uint(8),
  validators_root: bytes(32),
  kind: voteKind,
  slot: uint(8),
  hash: bytes(32),
});
export const vote = container({
  epoch: uint(8),
  kind: voteKind,
  slot: uint(8),
  hash: bytes(32),
  member: uint(2),
  signature: bytes(64),
});
export const certificate = container({
  epoch: uint(8),
  kind: voteKind,
  slot: uint(8),
  hash: bytes(32),
  bitmap: bytes(undefined),
  signatures: list(bytes(64)),
});
export const proposalData = container({
  epoch: uint(8),
  validators_root: bytes(32),
  slot: uint(8),
  hash: bytes(32),
  parent_slot: uint(8),
});
export const peerBinding = container({
  validator: bytes(32),
  peer: bytes(32),
  time: uint(8),
  addresses: list(text),
});
export const signedPeerBinding = container({ binding: peerBinding, signature: bytes(64) });
const signedVote = container({ kind: voteKind, hash: bytes(32), signature: bytes(64) });
const signedProposal = container({ hash: bytes(32), parent_slot: uint(8), signature: bytes(64) });
export const evidence = container({
  epoch: uint(8),
  validators_root: bytes(32),
  public_key: bytes(32),
  slot: uint(8),
  messages: union({
    VOTES: container({ first: signedVote, second: signedVote }),
    PROPOSALS: container({ first: signedProposal, second: signedProposal }),
  }),
});

const PARAMETERS: readonly (readonly [key: string, bytes: number])[] = [
  ['min_fee', 8],
  ['fee_per_byte', 8],
  ['account_fee', 8],
  ['max_block_bytes', 8],
  ['block_time', 8],
  ['min_block_interval', 8],
  ['message_delay', 8],
  ['execution_allowance', 8],
  ['timer_cap', 8],
  ['resend_interval', 8],
  ['epoch_duration', 8],
  ['evidence_window', 8],
  ['unbonding_period', 8],
  ['voting_period', 8],
  ['min_self_bond', 8],
  ['min_stake', 8],
  ['max_stakers', 2],
  ['min_validators', 2],
  ['target_bonded', 8],
  ['authority_share', 4],
  ['proposer_bonus', 4],
  ['epoch_reward', 8],
];
const change = union({
  ADD_AUTHORITY: container({ address, public_key: bytes(32) }),
  REMOVE_AUTHORITY: container({ address }),
  SET_PARAMETERS: container({
    changes: list(container({ parameter: name(...PARAMETERS.map(([key]) => key)), value: uint(8) })),
  }),
  UPGRADE: container({ protocol_version: uint(2) }),
});

const output = container({ to: address, amount: uint(8) });
const action = union({
  TRANSFER: container({ to: address, amount: uint(8), memo: text }),
  MULTI_TRANSFER: container({ outputs: list(output), memo: text }),
  VALIDATOR_REGISTER: container({
    public_key: bytes(32),
    commission: uint(4),
    self_bond: uint(8),
    proof: bytes(64),
  }),
  VALIDATOR_UPDATE: container({
    key: optional(container({ public_key: bytes(32), proof: bytes(64) })),
    commission: optional(uint(4)),
  }),
  STAKE: container({ validator: address, amount: uint(8) }),
  UNSTAKE: container({ validator: address, amount: uint(8) }),
  UNJAIL: container({ validator: address }),
  EVIDENCE: container({ evidence }),
  GOVERNANCE_PROPOSE: container({ epoch: uint(8), change }),
  GOVERNANCE_VOTE: container({ proposal: uint(8), choice: name('NO', 'YES') }),
});
export const transaction = container({
  sender: bytes(32),
  nonce: uint(8),
  fee: uint(8),
  valid_until: uint(8),
  action,
});
export const signedTransaction = container({ transaction, signature: bytes(64) });

export const possession = container({ operator: address, public_key: bytes(32) });

export const header = container({
  height: uint(8),
  epoch: uint(8),
  timestamp: uint(8),
  parent: bytes(32),
  proposer: address,
  transactions_root: bytes(32),
  receipts_root: bytes(32),
  state_root: bytes(32),
  validators_root: bytes(32),
  next_validators_root: bytes(32),
  justification_hash: bytes(32),
});
export const justification = container({ parent_certificate: optional(certificate), late_votes: list(vote) });
export const body = container({ justification, transactions: list(signedTransaction) });
export const compactBlock = container({
  header,
  justification,
  transaction_ids: list(bytes(32)),
  carried: list(signedTransaction),
});
export const proposal = container({
  epoch: uint(8),
  slot: uint(8),
  parent_slot: uint(8),
  signature: bytes(64),
  block: compactBlock,
  certificates: list(certificate),
});
/** Whether what is carried are transactions of the list, in its order: ids in hex. */
export function isInOrder(carried: readonly string[], ids: readonly string[]): boolean {
  const [first, ...others] = carried;
  if (first === undefined) return true;
  const place = ids.indexOf(first);
  return place >= 0 && isInOrder(others, ids.slice(place + 1));
}
const RECEIPT_CODES = [
  'SUCCESS',
  'INSUFFICIENT_BALANCE',
  'ZERO_AMOUNT',
  'NO_OUTPUTS',
  'AMOUNT_OVERFLOW',
  'NOT_ALLOWED',
  'UNKNOWN_VALIDATOR',
  'ALREADY_REGISTERED',
  'KEY_ALREADY_USED',
  'STAKE_TOO_SMALL',
  'COMMISSION_OUT_OF_BOUNDS',
  'TOO_MANY_CANDIDATES',
  'TOO_MANY_DELEGATIONS',
  'NO_SHARES',
  'INSUFFICIENT_STAKE',
  'NOT_JAILED',
  'STILL_JAILED',
  'TOMBSTONED',
  'EVIDENCE_TOO_OLD',
  'NOT_A_MEMBER',
  'ALREADY_PUNISHED',
  'UNKNOWN_PROPOSAL',
  'PROPOSAL_CLOSED',
  'TOO_MANY_PROPOSALS',
  'CHANGE_OUT_OF_BOUNDS',
  'EPOCH_PASSED',
];
export const receipt = container({
  transaction_id: bytes(32),
  code: name(...RECEIPT_CODES),
  fee: uint(8),
});

export const validator = container({ public_key: bytes(32), address, weight: uint(8) });
const authority = container({ public_key: bytes(32), address });
export const genesis = container({
  chain_id: text,
  genesis_time: uint(8),
  mode: name('poa', 'pos', 'hybrid'),
  parameters: container(Object.fromEntries(PARAMETERS.map(([key, bytes]) => [key, uint(bytes)]))),
  authorities: list(authority),
  stakers: list(container({ public_key: bytes(32), address, commission: uint(4), self_bond: uint(8) })),
  accounts: list(container({ address, balance: uint(8) })),
});

export function signingBytes(domain: string, genesisHash: Uint8Array, encoded: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(domain.padEnd(32, '\0'), 'ascii'), genesisHash, encoded]);
}

function privateKey(seed: Uint8Array) {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
}

export function publicKeyOf(seed: Uint8Array): Buffer {
  return createPublicKey(privateKey(seed)).export({ format: 'der', type: 'spki' }).subarray(-32);
}

export function sign(seed: Uint8Array, message: Uint8Array): Buffer {
  return nodeSign(null, message, privateKey(seed));
}

/** RFC 6962. */
export function merkleRoot(leaves: readonly Uint8Array[]): Buffer {
  const [only] = leaves;
  if (only === undefined) return sha256();
  if (leaves.length === 1) return sha256(Buffer.of(0), only);
  let left = 1;
  while (2 * left < leaves.length) left *= 2;
  return sha256(Buffer.of(1), merkleRoot(leaves.slice(0, left)), merkleRoot(leaves.slice(left)));
}

/** The sparse Merkle tree over all entries of a state. */
export function stateRoot(entries: readonly { key: string; value: string }[]): Buffer {
  const leaves = entries.map(({ key, value }) => {
    const path = sha256(Buffer.from(key, 'hex'));
    const bits = [...path].map((byte) => byte.toString(2).padStart(8, '0')).join('');
    return { bits, hash: sha256(Buffer.of(0), path, sha256(Buffer.from(value, 'hex'))) };
  });
  const subtree = (prefix: string): Buffer => {
    const below = leaves.filter(({ bits }) => bits.startsWith(prefix));
    const [only] = below;
    if (only === undefined) return Buffer.alloc(32);
    if (below.length === 1) return only.hash;
    return sha256(subtree(`${prefix}0`), subtree(`${prefix}1`));
  };
  return subtree('');
}

const MAX_CHUNK_BYTES = 262_144;
const stateEntry = container({ key: bytes(undefined), value: bytes(undefined) });
export const snapshotChunk = container({ depth: uint(2), siblings: list(bytes(32)), entries: list(stateEntry) });

/** A state cut into chunks, in order of their paths. */
export function chunksOf(entries: readonly { key: string; value: string }[]) {
  const all = entries.map(({ key, value }) => {
    const path = sha256(Buffer.from(key, 'hex'));
    const bits = [...path].map((byte) => byte.toString(2).padStart(8, '0')).join('');
    return { key, value, bits, hash: sha256(Buffer.of(0), path, sha256(Buffer.from(value, 'hex'))) };
  });
  all.sort((a, b) => (a.bits < b.bits ? -1 : 1));
  const below = (prefix: string) => all.filter(({ bits }) => bits.startsWith(prefix));
  const hashOf = (prefix: string): Buffer => {
    const found = below(prefix);
    if (found.length < 2) return found[0]?.hash ?? Buffer.alloc(32);
    return sha256(hashOf(`${prefix}0`), hashOf(`${prefix}1`));
  };
  const cut = (prefix: string): string[] => {
    const found = below(prefix);
    const isChunk = found.length < 2 || list(stateEntry).encode(found).length <= MAX_CHUNK_BYTES;
    return isChunk ? [prefix] : [...cut(`${prefix}0`), ...cut(`${prefix}1`)];
  };
  return cut('').map((prefix) => ({
    depth: prefix.length,
    siblings: [...prefix].map((bit, at) => hashOf(prefix.slice(0, at) + (bit === '0' ? '1' : '0')).toString('hex')),
    entries: below(prefix),
  }));
}

const ALPHABET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const BECH32M = 0x2bc830a3;
const PREFIX = 'ait';

function polymod(words: readonly number[]): number {
  let checksum = 1;
  for (const word of words) {
    const top = checksum >>> 25;
    checksum = ((checksum & 0x1ffffff) << 5) ^ word;
    [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3].forEach((generator, bit) => {
      if ((top >>> bit) & 1) checksum ^= generator;
    });
  }
  return checksum;
}

const PREFIX_WORDS = [
  ...[...PREFIX].map((letter) => letter.charCodeAt(0) >> 5),
  0,
  ...[...PREFIX].map((letter) => letter.charCodeAt(0) & 31),
];

export function writeAddress(value: Uint8Array): string {
  const bits = [...value].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const words = (bits.match(/.{5}/g) ?? []).map((word) => Number.parseInt(word, 2));
  const checksum = polymod([...PREFIX_WORDS, ...words, 0, 0, 0, 0, 0, 0]) ^ BECH32M;
  const check = [25, 20, 15, 10, 5, 0].map((shift) => (checksum >>> shift) & 31);
  return `${PREFIX}1${[...words, ...check].map((word) => ALPHABET[word]).join('')}`;
}

/** `ait1…` in lower case only. */
export function readAddress(address: string): Buffer {
  const words = [...address.slice(PREFIX.length + 1)].map((letter) => ALPHABET.indexOf(letter));
  if (polymod([...PREFIX_WORDS, ...words]) !== BECH32M) throw new RangeError(`bad checksum: ${address}`);
  const bits = words.slice(0, -6).map((word) => word.toString(2).padStart(5, '0'));
  return Buffer.from((bits.join('').match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}
