// Genesis: everything that all nodes of a network agree on before the first block (docs/protocol.md §5).

import { ContainerType, ListCompositeType, type ValueOf } from '@chainsafe/ssz';
import { MAX_MEMBERS } from './consensus.ts';
import { type Hash, sha256 } from './hash.ts';
import { AddressBytes, Amount, EnumType, TextType, Uint64 } from './ssz.ts';
import { Validator } from './validators.ts';

export const MAX_CHAIN_ID_BYTES = 32;
export const MAX_GENESIS_ACCOUNTS = 1 << 20;

/** The position in this list is the mode's number in genesis. */
export const CONSENSUS_MODES = ['poa'] as const;

/** Chain-wide parameters. Durations are milliseconds, fees are units (10⁻⁹ AIT). */
export const Parameters = new ContainerType(
  {
    /** fee of the smallest transaction */
    minFee: Amount,
    feePerByte: Amount,
    /** added for each account that a transaction creates */
    accountFee: Amount,
    /** ssz(Block) at most */
    maxBlockBytes: Uint64,
    /** heartbeat: the longest wait for a block when nothing waits to be included */
    blockTime: Uint64,
    /** the shortest time between a block and its parent */
    minBlockInterval: Uint64,
    /** Δ: bound on one message delay in good times */
    messageDelay: Uint64,
    /** what verifying a full block may take */
    executionAllowance: Uint64,
    /** the longest slot timer */
    timerCap: Uint64,
    /** T: how long without a new Final until votes are sent again */
    resendInterval: Uint64,
  },
  { typeName: 'Parameters' },
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
    validators: new ListCompositeType(Validator, MAX_MEMBERS),
    accounts: new ListCompositeType(GenesisAccount, MAX_GENESIS_ACCOUNTS),
  },
  { typeName: 'Genesis' },
);

export type Parameters = ValueOf<typeof Parameters>;
export type GenesisAccount = ValueOf<typeof GenesisAccount>;
export type Genesis = ValueOf<typeof Genesis>;

export function genesisHash(genesis: Genesis): Hash {
  return sha256(Genesis.serialize(genesis));
}
