// Checks of a genesis' validators: whom its mode allows, their keys and accounts, and what they have staked.

import { addressKey, formatAddress } from '../primitives/address.ts';
import { compareBytes, toHex } from '../primitives/bytes.ts';
import { isPublicKey } from '../primitives/ed25519.ts';
import { type Authority, type ConsensusMode, consensusMode, type Genesis, type Staker } from '../primitives/genesis.ts';
import { MAX_AUTHORITIES } from '../primitives/parameter-bounds.ts';
import { MILLION } from '../primitives/parameters.ts';
import { formatAit } from '../primitives/units.ts';
import { fault, type GenesisFinding } from './genesis-finding.ts';

type ClassName = 'authorities' | 'stakers';

export function checkValidators(genesis: Genesis): GenesisFinding[] {
  const { authorities, stakers } = genesis;
  const findings = [
    ...checkMode(genesis),
    ...checkOrder('authorities', authorities),
    ...checkOrder('stakers', stakers),
    ...checkIdentities(genesis),
    ...checkStakes(genesis),
  ];
  if (authorities.length > MAX_AUTHORITIES) {
    findings.push(fault('authorities', `are ${authorities.length}; at most ${MAX_AUTHORITIES} are allowed`));
  }
  return findings;
}

const MEMBERS_OF: Readonly<Record<ConsensusMode, readonly ClassName[]>> = {
  poa: ['authorities'],
  pos: ['stakers'],
  hybrid: ['authorities', 'stakers'],
};

function checkMode(genesis: Genesis): GenesisFinding[] {
  const mode = consensusMode(genesis);
  const allowed = MEMBERS_OF[mode];
  const findings = (['authorities', 'stakers'] as const)
    .filter((name) => !allowed.includes(name) && genesis[name].length > 0)
    .map((name) => fault(name, `must be empty: mode ${mode} knows only ${allowed.join()}`));
  if (allowed.every((name) => genesis[name].length === 0)) {
    findings.push(fault(allowed.join(' or '), `must not be empty in mode ${mode}: nobody could make a block`));
  }
  return findings;
}

function checkOrder(name: ClassName, list: readonly Authority[]): GenesisFinding[] {
  return list.flatMap(({ address }, index) => {
    const before = list[index - 1];
    const inOrder = before === undefined || compareBytes(before.address, address) <= 0;
    return inOrder ? [] : [fault(`${name}.${index}.address`, `is out of order: ${name} are ordered by address`)];
  });
}

/** Everybody has one seat, with a key of its own. */
function checkIdentities({ authorities, stakers }: Genesis): GenesisFinding[] {
  const findings: GenesisFinding[] = [];
  const seen = new Map<string, string>();
  const once = (id: string, path: string, text: string) => {
    const first = seen.get(id);
    if (first === undefined) seen.set(id, path);
    else findings.push(fault(path, `${text} is already ${first}`));
  };
  for (const [name, list] of Object.entries({ authorities, stakers })) {
    for (const [index, { address, publicKey }] of list.entries()) {
      const path = `${name}.${index}`;
      const key = toHex(publicKey);
      if (!isPublicKey(publicKey)) findings.push(fault(`${path}.public_key`, `${key} is no Ed25519 public key`));
      once(`key ${key}`, `${path}.public_key`, key);
      once(`address ${addressKey(address)}`, `${path}.address`, formatAddress(address));
    }
  }
  return findings;
}

function checkStakes({ stakers, accounts, parameters: { minSelfBond } }: Genesis): GenesisFinding[] {
  const balances = new Map(accounts.map(({ address, balance }) => [addressKey(address), balance]));
  return stakers.flatMap((staker: Staker, index) => {
    const { address, commission, selfBond } = staker;
    const findings: GenesisFinding[] = [];
    const path = `stakers.${index}`;
    const balance = balances.get(addressKey(address)) ?? 0n;
    if (commission > MILLION) {
      findings.push(fault(`${path}.commission`, `must be at most ${MILLION} millionths, not ${commission}`));
    }
    if (selfBond < minSelfBond) {
      const least = `${formatAit(minSelfBond)} (min_self_bond)`;
      findings.push(fault(`${path}.self_bond`, `must be at least ${least}, not ${formatAit(selfBond)}`));
    }
    if (selfBond > balance) {
      const has = `the account of ${formatAddress(address)} has ${formatAit(balance)}`;
      findings.push(fault(`${path}.self_bond`, `is ${formatAit(selfBond)}, but ${has} to pay it from`));
    }
    return findings;
  });
}
