// A network of two authorities and two stakers for the RPC server to show, with short epochs.

import type { KeyPair } from '../../src/crypto/keys.ts';
import { genesisSet } from '../../src/ledger/genesis.ts';
import { addressOf } from '../../src/primitives/address.ts';
import { compareBytes } from '../../src/primitives/bytes.ts';
import { FINAL, voteSigningBytes } from '../../src/primitives/consensus.ts';
import { FIRST_EPOCH } from '../../src/primitives/epoch.ts';
import { type Evidence, votePair } from '../../src/primitives/evidence.ts';
import { type Genesis, genesisHash } from '../../src/primitives/genesis.ts';
import { validatorsRoot } from '../../src/primitives/validators.ts';
import { alice, bob, FUNDS, key, genesis as poa } from './fixture.ts';

export const AIT = 1_000_000_000n;
export const authorities = [key(11), key(12)] as const;
export const stakers = [key(13), key(14)] as const;
export const [authority, otherAuthority] = authorities;
export const [rich, poor] = stakers;

export const genesis: Genesis = {
  ...poa,
  mode: 2,
  parameters: {
    ...poa.parameters,
    // An epoch of five blocks of the fixture, one a second; seats from 2 % of the weight on.
    blockTime: 50,
    epochDuration: 5_000,
    evidenceWindow: 20_000,
    unbondingPeriod: 60_000,
    votingPeriod: 30_000,
    minSelfBond: 100n * AIT,
    targetBonded: 800n * AIT,
    epochReward: 1000n,
  },
  authorities: authorities.map(seat).sort(byAddress),
  stakers: [
    { ...seat(rich), commission: 50_000, selfBond: 600n * AIT },
    { ...seat(poor), commission: 0, selfBond: 200n * AIT },
  ].sort(byAddress),
  accounts: [...authorities, ...stakers, alice, bob].map(({ publicKey }) => ({
    address: addressOf(publicKey),
    balance: FUNDS,
  })),
};
export const network = genesisHash(genesis);

export function seat({ publicKey }: { publicKey: Uint8Array }) {
  return { publicKey, address: addressOf(publicKey) };
}

function byAddress(a: { address: Uint8Array }, b: { address: Uint8Array }): number {
  return compareBytes(a.address, b.address);
}

/** Two FINALs of a member of the first epoch for two blocks in one slot. */
export function doubleVote(member: KeyPair, slot: number): Evidence {
  const shared = { epoch: FIRST_EPOCH, validatorsRoot: validatorsRoot(genesisSet(genesis)), slot };
  const vote = (fill: number) => {
    const what = { kind: FINAL, hash: new Uint8Array(32).fill(fill) } as const;
    return { ...what, signature: member.sign(voteSigningBytes({ ...shared, ...what }, network)) };
  };
  return { ...shared, publicKey: member.publicKey, messages: votePair(vote(1), vote(2)) };
}
