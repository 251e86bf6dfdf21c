// A whole node: its parts (in parts/) are opened from the disk outwards, started, and stopped in the opposite order.
// Nothing about blocks, votes or money is decided here.

import { EventEmitter } from 'node:events';
import { formatAddress } from '../primitives/address.ts';
import { toHex } from '../primitives/bytes.ts';
import { decodeText } from '../primitives/ssz.ts';
import type { RpcEvents, SyncStatus } from '../rpc/dependencies.ts';
import type { NodeConfig } from './config.ts';
import type { NodeHealth } from './health.ts';
import type { Node, NodeInfo, NodeInputs } from './lifecycle.ts';
import { openApi } from './parts/api.ts';
import { openConsensus } from './parts/consensus.ts';
import { openLedger } from './parts/ledger.ts';
import type { Opening } from './parts/opening.ts';
import { openPeers } from './parts/peers.ts';
import { openStorage } from './parts/storage.ts';
import { peerService } from './peer-service.ts';
import { systemClock } from './system-clock.ts';
import { Teardown } from './teardown.ts';

export function createNode(config: NodeConfig, inputs: NodeInputs): Node {
  return new AitbcNode(config, inputs);
}

class AitbcNode implements Node {
  readonly failed: Promise<Error>;
  readonly #opening: Opening;
  #health: NodeHealth | undefined;
  #starting: Promise<NodeInfo> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(config: NodeConfig, inputs: NodeInputs) {
    let fail: Opening['fail'] = () => undefined;
    this.failed = new Promise((resolve) => {
      fail = resolve;
    });
    this.#opening = { config, inputs, teardown: new Teardown(), events: new EventEmitter<RpcEvents>(), fail };
  }

  async start(): Promise<NodeInfo> {
    try {
      this.#starting = this.#start();
      return await this.#starting;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  syncStatus(): SyncStatus | undefined {
    return this.#health?.syncStatus();
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    // A start under way would go on to open what nobody closes. Whoever asked for it hears of its failure.
    await this.#starting?.catch(() => undefined);
    const { teardown, inputs } = this.#opening;
    await teardown.run(inputs.logger);
  }

  /** The walk through the house: disk, transactions and blocks, peers, consensus, doors. */
  async #start(): Promise<NodeInfo> {
    const opening = this.#opening;
    const { teardown } = opening;
    const { genesis, genesisHash } = opening.inputs;
    const storage = await openStorage(opening);
    const ledger = await openLedger(opening, storage);
    const peers = await openPeers(opening, storage, ledger);
    const { announcer, ...deciding } = await openConsensus(opening, storage, ledger, peers);
    const { consensus, health } = deciding;
    this.#health = health;
    const { network, relay } = peers;
    // Registered before it starts: it may be half open when starting fails.
    teardown.add('network', () => network.stop());
    teardown.add('relay', () => relay.stop());
    const parts = { ...storage, ...ledger, ...peers, ...deciding };
    await network.start(peerService({ genesisHash, ...parts, clock: systemClock }));
    teardown.add('consensus', () => consensus.stop());
    const urls = await openApi(opening, parts);
    consensus.start();
    announcer?.start();
    const { seat } = ledger.epochs;
    return {
      ...urls,
      peerId: network.peerId,
      p2pAddresses: network.addresses,
      chainId: decodeText(genesis.chainId),
      genesisHash: toHex(genesisHash),
      ...(seat === undefined ? {} : { validatorAddress: formatAddress(seat.address) }),
    };
  }
}
