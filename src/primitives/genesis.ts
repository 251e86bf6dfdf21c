// Genesis: everything that all nodes of a network agree on before the first block (docs/protocol.md §5).

import { ContainerType, ListCompositeType, type ValueOf } from '@chainsafe/ssz';
import { MAX_MEMBERS } from './consensus.ts';
import { type Hash, sha256 } from './hash.ts';
import { Parameters } from './parameters.ts';
import { AddressBytes, Amount, EnumType, PublicKey, TextType, Uint32, Uint64 } from './ssz.ts';

export const MAX_CHAIN_ID_BYTES = 32;
export const MAX_GENESIS_ACCOUNTS = 1 << 20;

/** The position in this list is the mode's number in genesis. */
export const CONSENSUS_MODES = ['poa', 'pos', 'hybrid'] as const;
export type ConsensusMode = (typeof CONSENSUS_MODES)[number];

/** An authority: its seat comes from genesis or from governance. */
export const Authority = new ContainerType(
  { /** consensus key */ publicKey: PublicKey, address: AddressBytes },
  { typeName: 'Authority' },
);

/** A validator with stake of its own from the beginning; its account pays the self-bond. */
export const Staker = new ContainerType(
  {
    /** consensus key */
    publicKey: PublicKey,
    address: AddressBytes,
    /** its part of its delegators' rewards, in millionths */
    commission: Uint32,
    selfBond: Amount,
  },
  { typeName: 'Staker' },
);

export const GenesisAccount = new ContainerType(
  { address: AddressBytes, balance: Amount },
  { typeName: 'GenesisAccount' },
);

export const Genesis = new ContainerType(
  {
    chainId: new TextType(MAX_CHAIN_ID_BYTES, { typeName: 'ChainId' }),
    /** milliseconds since 1970; timestamp of block 0 */
    genesisTime: Uint64,
    mode: new EnumType(CONSENSUS_MODES),
    parameters: Parameters,
    /** ordered by address; none in pos */
    authorities: new ListCompositeType(Authority, MAX_MEMBERS),
    /** ordered by address; none in poa */
    stakers: new ListCompositeType(Staker, MAX_MEMBERS),
    accounts: new ListCompositeType(GenesisAccount, MAX_GENESIS_ACCOUNTS),
  },
  { typeName: 'Genesis' },
);

export type Authority = ValueOf<typeof Authority>;
export type Staker = ValueOf<typeof Staker>;
export type GenesisAccount = ValueOf<typeof GenesisAccount>;
export type Genesis = ValueOf<typeof Genesis>;

export function genesisHash(genesis: Genesis): Hash {
  return sha256(Genesis.serialize(genesis));
}

export function consensusMode(genesis: Genesis): ConsensusMode {
  const mode = CONSENSUS_MODES[genesis.mode];
  if (mode === undefined) throw new RangeError(`unknown consensus mode ${genesis.mode}`);
  return mode;
}
