// What tests ask of chains and validators.

import { Certificate, certificateMembers } from '../../../src/primitives/consensus.ts';
import type { Genesis } from '../../../src/primitives/genesis.ts';
import { fromJson } from '../../../src/primitives/json.ts';
import type { TestNode } from './devnet.ts';

/** Nothing is minted or burnt: what genesis gave is all there ever is, fees included. */
export function supplyOf(genesis: Genesis): bigint {
  return genesis.accounts.reduce((sum, { balance }) => sum + balance, 0n);
}

/** Whether the newest block is above `height` and its certificate carries the signature of this node's validator. */
export async function votedAfter(node: TestNode, height: number): Promise<boolean> {
  const address = await validatorAddress(node);
  const { validators } = await node.rpc.validators();
  const member = validators.findIndex((validator) => validator.address === address);
  const { height: newest, certificate } = await node.rpc.block('latest');
  return newest > height && certificateMembers(fromJson(Certificate, certificate)).includes(member);
}

/** Whether the newest block is above `height` and this node's validator proposed it. */
export async function ledAfter(node: TestNode, height: number): Promise<boolean> {
  const { height: newest, proposer } = await node.rpc.block('latest');
  return newest > height && proposer === (await validatorAddress(node));
}

async function validatorAddress({ process }: TestNode): Promise<string> {
  const { validatorAddress: address } = await process.started;
  if (address === undefined) throw new Error('this node validates nothing');
  return address;
}
