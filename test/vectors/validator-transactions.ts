// Transactions of validators and those who stake and vote on them, for the vectors: one of each action and alternative.

import { concatBytes, toHex } from '../../src/primitives/bytes.ts';
import { sign } from '../../src/primitives/ed25519.ts';
import { type Change, ParameterChange } from '../../src/primitives/governance.ts';
import { type JsonValue, toJson } from '../../src/primitives/json.ts';
import { PARAMETER_NAMES, type ParameterName } from '../../src/primitives/parameters.ts';
import { possessionSigningBytes, ProofOfPossession } from '../../src/primitives/staking.ts';
import { Stake, type TransactionAction } from '../../src/primitives/transaction.ts';
import { ACCEPTED_EVIDENCE } from './evidence-vectors.ts';
import { ALICE, BOB, CAROL, GENESIS_HASH, type Key, keyOf } from './fixture.ts';

/** Consensus keys of Alice: the first one, and the one that follows it. */
const FIRST_KEY = keyOf(21);
const NEXT_KEY = keyOf(22);

function proof(operator: Key, key: Key): Uint8Array {
  return sign(key.seed, possessionSigningBytes(operator.address, key.publicKey, GENESIS_HASH));
}

function change(parameter: ParameterName, value: bigint) {
  return { parameter: PARAMETER_NAMES.indexOf(parameter), value };
}

function propose(epoch: number, proposed: Change): TransactionAction {
  return { selector: 8, value: { epoch, change: proposed } };
}

/** By Alice. */
export const VALIDATOR_ACTIONS: readonly (readonly [name: string, action: TransactionAction])[] = [
  [
    'register',
    {
      selector: 2,
      value: {
        publicKey: FIRST_KEY.publicKey,
        commission: 50_000,
        selfBond: 2_000_000_000n,
        proof: proof(ALICE, FIRST_KEY),
      },
    },
  ],
  ['update nothing', { selector: 3, value: { key: null, commission: null } }],
  ['update the commission', { selector: 3, value: { key: null, commission: 0 } }],
  [
    'update key and commission',
    {
      selector: 3,
      value: { key: { publicKey: NEXT_KEY.publicKey, proof: proof(ALICE, NEXT_KEY) }, commission: 1_000_000 },
    },
  ],
  ['stake', { selector: 4, value: { validator: BOB.address, amount: 1_000_000n } }],
  ['unstake a part', { selector: 5, value: { validator: BOB.address, amount: 999_999n } }],
  ['unstake everything', { selector: 5, value: { validator: BOB.address, amount: 0n } }],
  ['unjail', { selector: 6, value: { validator: ALICE.address } }],
  ...ACCEPTED_EVIDENCE.slice(1, 3).map(
    (evidence, index) =>
      [`evidence of ${index === 0 ? 'proposals' : 'votes'}`, { selector: 7, value: { evidence } }] as const,
  ),
  [
    'propose an authority',
    propose(0, { selector: 0, value: { address: CAROL.address, publicKey: keyOf(23).publicKey } }),
  ],
  ['propose to remove an authority', propose(3, { selector: 1, value: { address: keyOf(11).address } })],
  [
    'propose parameters',
    propose(7, {
      selector: 2,
      value: { changes: [change('minFee', 2_000n), change('authorityShare', 340_000n), change('epochReward', 0n)] },
    }),
  ],
  ['propose an upgrade', propose(100, { selector: 3, value: { protocolVersion: 2 } })],
  ['vote yes', { selector: 9, value: { proposal: 0, choice: 1 } }],
  ['vote no', { selector: 9, value: { proposal: Number.MAX_SAFE_INTEGER, choice: 0 } }],
];

/** What the consensus keys of these transactions sign. */
export function possessionVectors(): JsonValue {
  return [FIRST_KEY, NEXT_KEY].map((key) => {
    const value = { operator: ALICE.address, publicKey: key.publicKey };
    return {
      seed: toHex(key.seed),
      json: toJson(ProofOfPossession, value),
      ssz: toHex(ProofOfPossession.serialize(value)),
      signing_bytes: toHex(possessionSigningBytes(value.operator, value.publicKey, GENESIS_HASH)),
      signature: toHex(proof(ALICE, key)),
    };
  });
}

function littleEndian(bytes: number, value: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, index) => (value >>> (8 * index)) & 0xff);
}

/** ssz(GovernancePropose) of SET_PARAMETERS, with its selector. */
function setParameters(...changes: readonly Uint8Array[]): Uint8Array {
  const [epoch, change] = [littleEndian(8, 0), Uint8Array.of(2)];
  return concatBytes(Uint8Array.of(8), epoch, littleEndian(4, 12), change, littleEndian(4, 4), ...changes);
}

const ONE_CHANGE = ParameterChange.serialize(change('minFee', 1n));
const NO_OPTIONAL = concatBytes(Uint8Array.of(3), littleEndian(4, 8), littleEndian(4, 8));

/** Selector and encoding of actions that do not decode. */
export const REFUSED_ACTIONS: readonly (readonly [why: string, action: Uint8Array])[] = [
  ['a commission that is there by flag 0', concatBytes(NO_OPTIONAL, littleEndian(5, 0))],
  ['a commission that is there without a value', concatBytes(NO_OPTIONAL, Uint8Array.of(1))],
  [
    'a byte behind a stake',
    concatBytes(Uint8Array.of(4), Stake.serialize({ validator: BOB.address, amount: 1n }), Uint8Array.of(0)),
  ],
  ['an unjail without its validator', Uint8Array.of(6)],
  ['a proposal of an unknown change', concatBytes(Uint8Array.of(8), littleEndian(8, 0), littleEndian(4, 12), Uint8Array.of(4))],
  ['an unknown parameter', setParameters(Uint8Array.of(PARAMETER_NAMES.length), ONE_CHANGE.subarray(1))],
  ['17 changes', setParameters(...Array.from({ length: 17 }, () => ONE_CHANGE))],
  ['a vote that is neither no nor yes', concatBytes(Uint8Array.of(9), littleEndian(8, 1), Uint8Array.of(2))],
];

const UPDATE = { type: 'VALIDATOR_UPDATE', key: null, commission: null };
const PROPOSAL = { type: 'GOVERNANCE_PROPOSE', epoch: 0 };
const LOWER_FEE = { parameter: 'min_fee', value: '1' };

function settingParameters(change: JsonValue): JsonValue {
  return { ...PROPOSAL, change: { type: 'SET_PARAMETERS', changes: [LOWER_FEE, change] } };
}

/** With the place that an error names. */
export const REFUSED_ACTION_JSON: readonly [why: string, path: string, action: JsonValue][] = [
  ['null left out', 'commission', { type: 'VALIDATOR_UPDATE', key: null }],
  ['commission of 2^32', 'commission', { ...UPDATE, commission: 2 ** 32 }],
  ['key without its proof', 'key.proof', { ...UPDATE, key: { public_key: toHex(NEXT_KEY.publicKey) } }],
  ['unknown change', 'change.type', { ...PROPOSAL, change: { type: 'MINT' } }],
  ['unknown parameter', 'change.changes.1.parameter', settingParameters({ ...LOWER_FEE, parameter: 'gas' })],
  [
    'parameter in camel case',
    'change.changes.1.parameter',
    settingParameters({ ...LOWER_FEE, parameter: 'feePerByte' }),
  ],
  ['value as a number', 'change.changes.1.value', settingParameters({ ...LOWER_FEE, value: 1 })],
  ['choice in lower case', 'choice', { type: 'GOVERNANCE_VOTE', proposal: 1, choice: 'yes' }],
];
