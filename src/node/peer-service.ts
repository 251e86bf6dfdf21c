// What this node answers its peers: status, blocks, certificates and transactions, from the store, from what consensus
// holds above it, and from the mempool.

import type { Chain } from '../chain/chain.ts';
import type { ConsensusDriver } from '../consensus/driver.ts';
import type { Clock } from '../consensus/ports.ts';
import type { Mempool } from '../mempool/mempool.ts';
import type { NetworkHandlers } from '../network/network.ts';
import { toHex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import {
  type BlocksRequest,
  CertifiedBlock,
  MAX_BLOCKS_PER_REQUEST,
  MAX_HASHES_PER_REQUEST,
  OLDEST_PROTOCOL_VERSION,
  PROTOCOL_VERSION,
} from '../primitives/wire.ts';
import type { ChainStore } from '../store/chain-store.ts';
import type { Snapshots } from '../store/snapshots.ts';
import type { ConsensusDoor } from './consensus-door.ts';
import { snapshotService } from './snapshot-service.ts';
import type { TransactionRelay } from './transaction-relay.ts';

export interface PeerServiceOptions {
  readonly genesisHash: Hash;
  readonly chain: Chain;
  readonly store: ChainStore;
  readonly snapshots: Pick<Snapshots, 'offers' | 'chunk'>;
  readonly mempool: Mempool;
  readonly relay: TransactionRelay;
  readonly consensus: Pick<ConsensusDriver, 'core' | 'certificates'>;
  readonly door: Pick<ConsensusDoor, 'onProposal' | 'onVote'>;
  readonly clock: Pick<Clock, 'now'>;
}

export function peerService(o: PeerServiceOptions): NetworkHandlers {
  return {
    onTransactions: (bytes) => o.relay.receive(bytes),
    onProposal: (bytes, peer) => o.door.onProposal(bytes, peer),
    onVote: (bytes) => o.door.onVote(bytes),
    status() {
      const { hash, header } = o.chain.head;
      return {
        oldestVersion: OLDEST_PROTOCOL_VERSION,
        newestVersion: PROTOCOL_VERSION,
        genesisHash: o.genesisHash,
        finalizedHeight: header.height,
        finalizedHash: hash,
        oldestHeight: o.store.oldestHeight,
        time: o.clock.now(),
      };
    },
    blocks: (request) => blocks(o, request),
    snapshot: (request) => snapshotService(o, request),
    certificates: ({ epoch, from, to }) => o.consensus.certificates(epoch, from, to),
    async transactions(ids) {
      return ids.flatMap((id) => o.mempool.find(toHex(id))?.bytes ?? []);
    },
  };
}

async function* blocks({ store, chain, consensus }: PeerServiceOptions, request: BlocksRequest) {
  if (request.selector === 0) {
    const { from, count } = request.value;
    for (let height = from; height < from + Math.min(count, MAX_BLOCKS_PER_REQUEST); height++) {
      const stored = await store.blockByHeight(height);
      if (stored === undefined) return;
      yield CertifiedBlock.serialize({ block: stored.block, certificate: stored.certificate ?? null });
    }
    return;
  }
  for (const hash of request.value.slice(0, MAX_HASHES_PER_REQUEST)) {
    const hashHex = toHex(hash);
    const open = consensus.core.block(hashHex) ?? chain.block(hash);
    const stored = open === undefined ? await store.blockByHash(hash) : undefined;
    const block = open ?? stored?.block;
    if (block === undefined) continue;
    const certificate = stored?.certificate ?? consensus.core.certificateFor(hashHex) ?? null;
    yield CertifiedBlock.serialize({ block, certificate });
  }
}
