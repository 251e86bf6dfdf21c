// Every call that this node answers, by its one name. REST, JSON-RPC and WebSocket all take their handlers from here.

import { balanceParams, getBalance } from './handlers/balance.ts';
import { blockParams, getBlock, getHead, headParams } from './handlers/blocks.ts';
import { consensusParams, getConsensus } from './handlers/consensus.ts';
import { faucetParams, requestFaucet } from './handlers/faucet.ts';
import { type Method, method } from './handlers/method.ts';
import {
  getHealth,
  getMempool,
  getNetworkInfo,
  getPeers,
  getSyncStatus,
  getValidators,
  noParams,
} from './handlers/node.ts';
import { sendTransaction } from './handlers/send-tx.ts';
import { getReceipt, getTransaction, transactionParams } from './handlers/transactions.ts';

export const METHODS = {
  get_head: method(headParams, [], getHead),
  send_tx: sendTransaction,
  get_balance: method(balanceParams, ['address', 'proof'], getBalance),
  get_block: method(blockParams, ['height'], getBlock),
  get_tx: method(transactionParams, ['hash'], getTransaction),
  get_receipt: method(transactionParams, ['hash'], getReceipt),
  peers: method(noParams, [], getPeers),
  health: method(noParams, [], getHealth),
  sync_status: method(noParams, [], getSyncStatus),
  validators: method(noParams, [], getValidators),
  consensus: method(consensusParams, ['limit', 'before'], getConsensus),
  mempool: method(noParams, [], getMempool),
  network_info: method(noParams, [], getNetworkInfo),
  faucet: method(faucetParams, ['address', 'wait'], requestFaucet),
} as const satisfies Record<string, Method>;

export type MethodName = keyof typeof METHODS;

export function findMethod(name: string): Method | undefined {
  return Object.hasOwn(METHODS, name) ? METHODS[name as MethodName] : undefined;
}
