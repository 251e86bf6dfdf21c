// What a node knows and holds to be true: the chain with its state, what waits to be included, and the threads that
// check signatures for both.

import { Chain } from '../../chain/chain.ts';
import { rememberVerified, type VerifyChecks } from '../../crypto/verified-signatures.ts';
import { VerifierPool } from '../../crypto/verifier.ts';
import { validators } from '../../ledger/records.ts';
import { Mempool } from '../../mempool/mempool.ts';
import { SignatureChecks } from '../../mempool/signatures.ts';
import { formatAddress } from '../../primitives/address.ts';
import { parseCheckpoint, UNSAFE } from '../../sync/trust.ts';
import { NodeEpochs } from '../epochs.ts';
import { voteVerifier } from '../vote-verifier.ts';
import { type Opening, ownValidator } from './opening.ts';
import type { Storage } from './storage.ts';

export interface Ledger {
  readonly pool: VerifierPool;
  readonly mempool: Mempool;
  readonly chain: Chain;
  readonly epochs: NodeEpochs;
  /** signatures of consensus; those that held before are not checked again */
  readonly verifyVotes: VerifyChecks;
}

/** @throws {ChainError | StoreError} when what is stored is damaged, or of another genesis or checkpoint. */
export async function openLedger({ config, inputs, teardown }: Opening, { store }: Storage): Promise<Ledger> {
  const { genesis, genesisHash, remoteOperator, logger } = inputs;
  const pool = new VerifierPool({ threads: config.verifierThreads });
  teardown.add('verifier', () => pool.close());
  const verifyVotes = rememberVerified(voteVerifier(pool));
  const checks = new SignatureChecks({ genesisHash, verifyAll: (jobs, priority) => pool.verifyAll(jobs, priority) });
  const checkpoint = parseCheckpoint(config.checkpoint);
  const mempool = new Mempool({ head: () => headOf(chain), verify: checks.check });
  const chain: Chain = await Chain.open({
    genesis,
    genesisHash,
    store,
    transactions: mempool,
    verifySignatures: checks.checkBlock,
    verifyVotes,
    checkpoint: checkpoint === UNSAFE ? undefined : checkpoint,
  });
  teardown.add('chain', () => chain.stop());
  const headOf = ({ head, epoch }: Chain) => ({
    state: store,
    timestamp: head.header.timestamp,
    parameters: epoch.parameters,
  });
  chain.on('finalized', ({ envelopes }) => mempool.onFinalized(envelopes, headOf(chain)));
  chain.on('restored', () => mempool.onFinalized([], headOf(chain)));
  if (remoteOperator !== undefined && validators.find(store, remoteOperator) === undefined) {
    const reason = 'validator_address is no validator yet: this node follows, and asks the signer when it is one';
    logger.warn({ validatorAddress: formatAddress(remoteOperator) }, reason);
  }
  return { pool, mempool, chain, epochs: new NodeEpochs(chain, ownValidator(inputs)), verifyVotes };
}
