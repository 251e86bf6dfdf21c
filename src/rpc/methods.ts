// Every call that this node answers, by its one name. REST, JSON-RPC and WebSocket all take their handlers from here.

import { balanceParams, getBalance } from './handlers/balance.ts';
import { blockParams, getBlock, getHead, headParams } from './handlers/blocks.ts';
import { consensusParams, getConsensus } from './handlers/consensus.ts';
import { faucetParams, requestFaucet } from './handlers/faucet.ts';
import { getGovernance, getProposal, governanceParams, proposalParams } from './handlers/governance.ts';
import { type Method, method } from './handlers/method.ts';
import { getHealth, getMempool, getNetworkInfo, getPeers, getSyncStatus, noParams } from './handlers/node.ts';
import { getParams } from './handlers/params.ts';
import { sendTransaction } from './handlers/send-tx.ts';
import { getSlashing } from './handlers/slashing.ts';
import { getStake, stakeParams } from './handlers/stake.ts';
import { getReceipt, getTransaction, transactionParams } from './handlers/transactions.ts';
import { getValidator, getValidators, validatorParams } from './handlers/validators.ts';

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
  validator: method(validatorParams, ['address', 'proof'], getValidator),
  stake: method(stakeParams, ['address', 'proof'], getStake),
  governance: method(governanceParams, ['limit', 'before', 'open_before'], getGovernance),
  proposal: method(proposalParams, ['id'], getProposal),
  params: method(noParams, [], getParams),
  slashing: method(noParams, [], getSlashing),
  consensus: method(consensusParams, ['limit', 'before'], getConsensus),
  mempool: method(noParams, [], getMempool),
  network_info: method(noParams, [], getNetworkInfo),
  faucet: method(faucetParams, ['address', 'wait'], requestFaucet),
} as const satisfies Record<string, Method>;

export type MethodName = keyof typeof METHODS;

export function findMethod(name: string): Method | undefined {
  return Object.hasOwn(METHODS, name) ? METHODS[name as MethodName] : undefined;
}
