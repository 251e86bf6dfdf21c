// A chain to store: genesis accounts, and blocks of transfers between them executed by the real ledger on the real
// state tree. Signatures and certificates are of the right shape only: the store looks at neither.

import { SerializedList } from '@chainsafe/ssz';
import { executeTransaction } from '../../src/ledger/execute.ts';
import { initializeState } from '../../src/ledger/genesis.ts';
import { addressOf } from '../../src/primitives/address.ts';
import { type Block, headerHash } from '../../src/primitives/block.ts';
import { utf8 } from '../../src/primitives/bytes.ts';
import { BitArray, type Certificate, FINAL, type VoteKind } from '../../src/primitives/consensus.ts';
import { type Genesis, genesisHash } from '../../src/primitives/genesis.ts';
import { type Hash, sha256, ZERO_HASH } from '../../src/primitives/hash.ts';
import { merkleRoot } from '../../src/primitives/merkle.ts';
import { Receipt } from '../../src/primitives/receipt.ts';
import { encodeTransaction, type TransactionEnvelope } from '../../src/primitives/transaction.ts';
import { Overlay } from '../../src/state/overlay.ts';
import type { TreeSource } from '../../src/state/view.ts';
import type { FinalizedBlock, StoredHead } from '../../src/store/chain-store.ts';
import { EPOCH_PARAMETERS } from '../helpers/parameters.ts';
import { contextOf, EPOCH } from '../ledger/build.ts';

const BALANCE = 1_000_000n;
const FEE = 1n;

export interface Sample {
  readonly genesis: Genesis;
  readonly hash: Hash;
  readonly supply: bigint;
  /** 32 bytes each, of no known secret */
  readonly publicKeys: readonly Uint8Array[];
}

/** Where the store is: what a block is built on. */
export interface Base extends TreeSource {
  readonly head: StoredHead | undefined;
}

export function sampleChain(accounts: number, chainId = 'sample'): Sample {
  const publicKeys = Array.from({ length: accounts }, (_, i) => sha256(utf8(`key ${i}`)));
  const genesis: Genesis = {
    chainId: utf8(chainId),
    genesisTime: 1_700_000_000_000,
    mode: 0,
    parameters: {
      minFee: FEE,
      feePerByte: 0n,
      accountFee: 0n,
      maxBlockBytes: 1 << 20,
      blockTime: 1000,
      minBlockInterval: 10,
      messageDelay: 250,
      executionAllowance: 250,
      timerCap: 30_000,
      resendInterval: 1000,
      ...EPOCH_PARAMETERS,
    },
    authorities: [],
    stakers: [],
    accounts: publicKeys.map((key) => ({ address: addressOf(key), balance: BALANCE })),
  };
  return { genesis, hash: genesisHash(genesis), supply: BALANCE * BigInt(accounts), publicKeys };
}

/** The head's child with `transfers` transfers, from account to account in turn; the genesis block on an empty base. */
export function nextBlock(sample: Sample, base: Base, transfers = 3): FinalizedBlock {
  const height = base.head === undefined ? 0 : base.head.height + 1;
  const timestamp = sample.genesis.genesisTime + height;
  const overlay = new Overlay(base);
  if (height === 0) initializeState(overlay, sample.genesis);
  const envelopes = height === 0 ? [] : transfersOf(sample, height, transfers);
  const context = contextOf({ ...EPOCH, parameters: sample.genesis.parameters }, timestamp);
  const receipts = envelopes.map((envelope) => executeTransaction(overlay, envelope, context));
  const block: Block = {
    header: {
      height,
      epoch: 0,
      timestamp,
      parent: base.head?.hash ?? ZERO_HASH,
      proposer: new Uint8Array(20),
      transactionsRoot: merkleRoot(envelopes.map(({ id }) => id)),
      receiptsRoot: merkleRoot(receipts.map((receipt) => Receipt.serialize(receipt))),
      stateRoot: overlay.seal(),
      validatorsRoot: ZERO_HASH,
      nextValidatorsRoot: ZERO_HASH,
      justificationHash: ZERO_HASH,
    },
    body: {
      justification: { parentCertificate: null, lateVotes: [] },
      transactions: SerializedList.fromArray(envelopes.map(({ bytes }) => bytes)),
    },
  };
  const hash = headerHash(block.header);
  const transactionIds = envelopes.map(({ id }) => id);
  const certificate = height === 0 ? undefined : certificateOf(hash, height);
  return { hash, block, receipts, transactionIds, certificate, state: overlay.changes };
}

export function certificateOf(hash: Hash, slot: number, kind: VoteKind = FINAL): Certificate {
  return { epoch: 0, kind, slot, hash, bitmap: BitArray.fromBitLen(4), signatures: [] };
}

/** A journal record that says a height; records differ in length. */
export function heightRecord(height: number): Uint8Array {
  return utf8(`${height} ${'.'.repeat((height % 7) * 100)}`);
}

export function heightOf(record: Uint8Array): number {
  return Number.parseInt(new TextDecoder().decode(record), 10);
}

/** Senders take turns, so that each sends once in `publicKeys.length / transfers` blocks and its nonce is known. */
function transfersOf({ publicKeys }: Sample, height: number, transfers: number): TransactionEnvelope[] {
  const accounts = publicKeys.length;
  return Array.from({ length: transfers }, (_, i) => {
    const turn = (height - 1) * transfers + i;
    const sender = publicKeys[turn % accounts] as Uint8Array;
    const to = addressOf(publicKeys[(turn * 7 + 3) % accounts] as Uint8Array);
    const transaction = {
      sender,
      nonce: Math.floor(turn / accounts),
      fee: FEE,
      validUntil: 0,
      action: { selector: 0 as const, value: { to, amount: 5n, memo: new Uint8Array(0) } },
    };
    return encodeTransaction({ transaction, signature: new Uint8Array(64) });
  });
}
