import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { checkGenesis } from '../../src/node/genesis-check.ts';
import { loadGenesis } from '../../src/node/genesis-file.ts';
import type { GenesisFinding } from '../../src/node/genesis-finding.ts';
import { networkDirectory } from '../../src/node/package-root.ts';
import { addressOf } from '../../src/primitives/address.ts';
import { compareBytes, fromHex } from '../../src/primitives/bytes.ts';
import { publicKeyOf } from '../../src/primitives/ed25519.ts';
import { type Authority, CONSENSUS_MODES, type ConsensusMode, type Genesis } from '../../src/primitives/genesis.ts';
import { MAX_AUTHORITIES } from '../../src/primitives/parameter-bounds.ts';
import type { Parameters } from '../../src/primitives/parameters.ts';
import { encodeText, MAX_AMOUNT } from '../../src/primitives/ssz.ts';

const NOW = Date.UTC(2030, 0, 1);
const check = suite('genesis check');

const { genesis: published } = await loadGenesis(join(networkDirectory('devnet'), 'genesis.json'));
const BOND = published.parameters.minSelfBond;

function people(count: number): Authority[] {
  const list = Array.from({ length: count }, (_, index) => {
    const publicKey = publicKeyOf(new Uint8Array(32).fill(index + 1));
    return { publicKey, address: addressOf(publicKey) };
  });
  return list.sort((a, b) => compareBytes(a.address, b.address));
}

const sound: Genesis = { ...published, authorities: people(4) };

/** The first people are authorities, the others stakers with these self-bonds. */
function mixed(mode: ConsensusMode, authorities: number, ...bonds: bigint[]): Genesis {
  const all = people(authorities + bonds.length);
  const stakers = all.slice(authorities).map((one, index) => ({ ...one, commission: 0, selfBond: bonds[index] ?? 0n }));
  const accounts = stakers.map(({ address, selfBond }) => ({ address, balance: selfBond }));
  return {
    ...sound,
    mode: CONSENSUS_MODES.indexOf(mode),
    authorities: all.slice(0, authorities),
    stakers,
    accounts: [...sound.accounts, ...accounts],
  };
}

function withParameters(changes: Partial<Parameters>, genesis = sound): Genesis {
  return { ...genesis, parameters: { ...genesis.parameters, ...changes } };
}

function paths(genesis: Genesis, level: GenesisFinding['level']): string[] {
  return checkGenesis(genesis, NOW)
    .filter((finding) => finding.level === level)
    .map(({ path }) => path);
}

check('has nothing to say about four authorities', () => {
  assert.equal(checkGenesis(sound, NOW), []);
});

const [first, second] = sound.authorities as [Authority, Authority];
const SMALL_ORDER = fromHex(`01${'00'.repeat(31)}`);
const NO_POINT = fromHex(`02${'00'.repeat(31)}`);
const staked = mixed('pos', 0, BOND, BOND, BOND, BOND);
const [staker] = staked.stakers as [Genesis['stakers'][number]];

const FAULTS: readonly (readonly [name: string, genesis: Genesis, path: string])[] = [
  ['an empty chain id', { ...sound, chainId: encodeText('') }, 'chain_id'],
  ['a chain id with spaces', { ...sound, chainId: encodeText('my net') }, 'chain_id'],
  ['no start time', { ...sound, genesisTime: 0 }, 'genesis_time'],
  ['nobody in poa', { ...sound, authorities: [] }, 'authorities'],
  ['nobody in pos', mixed('pos', 0), 'stakers'],
  ['nobody in hybrid', mixed('hybrid', 0), 'authorities or stakers'],
  ['stakers in poa', { ...mixed('poa', 4, BOND) }, 'stakers'],
  ['authorities in pos', { ...mixed('pos', 1, BOND) }, 'authorities'],
  ['authorities out of order', { ...sound, authorities: [second, first] }, 'authorities.1.address'],
  ['stakers out of order', { ...staked, stakers: [...staked.stakers].reverse() }, 'stakers.1.address'],
  ['an authority twice', { ...sound, authorities: [first, first, second] }, 'authorities.1.address'],
  [
    'a key twice',
    { ...sound, authorities: [first, { ...second, publicKey: first.publicKey }] },
    'authorities.1.public_key',
  ],
  [
    'an authority that is a staker too',
    { ...mixed('hybrid', 1, BOND), authorities: mixed('hybrid', 1, BOND).stakers },
    'stakers.0.address',
  ],
  ['too many authorities', { ...sound, authorities: Array(MAX_AUTHORITIES + 1).fill(first) }, 'authorities'],
  [
    'a key of small order',
    { ...sound, authorities: [{ ...first, publicKey: SMALL_ORDER }] },
    'authorities.0.public_key',
  ],
  [
    'a key that is no point',
    { ...sound, authorities: [{ ...first, publicKey: NO_POINT }] },
    'authorities.0.public_key',
  ],
  ['a self-bond that is too small', mixed('pos', 0, BOND - 1n), 'stakers.0.self_bond'],
  ['a self-bond without an account', { ...staked, accounts: sound.accounts }, 'stakers.0.self_bond'],
  ['a commission above all', { ...staked, stakers: [{ ...staker, commission: 1_000_001 }] }, 'stakers.0.commission'],
  ['fewer validators than are needed', withParameters({ minValidators: 5 }), 'parameters.min_validators'],
  [
    'an account twice',
    { ...sound, accounts: [...sound.accounts, ...sound.accounts.slice(0, 1)] },
    'accounts.5.address',
  ],
  [
    'more units than there can be',
    { ...sound, accounts: sound.accounts.map((account) => ({ ...account, balance: MAX_AMOUNT })) },
    'accounts',
  ],
  ['parameters out of bounds', withParameters({ timerCap: 15_999 }), 'parameters.timer_cap'],
];

for (const [name, genesis, path] of FAULTS) {
  check(`refuses ${name}`, () => {
    const errors = paths(genesis, 'error');
    assert.ok(errors.includes(path), errors.join());
  });
}

check('warns where one authority decides or can halt', () => {
  const messages = (count: number) =>
    checkGenesis({ ...sound, authorities: people(count) }, NOW).map(({ message }) => message.replace(/^.*: /, ''));
  assert.equal(messages(1), ['it decides alone']);
  assert.equal(messages(3), Array(3).fill('without it the chain halts'));
  assert.equal(messages(4), [], 'less than a third each');
});

/** Warnings as `path: what it comes to`. */
function warnings(genesis: Genesis): string[] {
  return checkGenesis(genesis, NOW).map(({ path, message }) => `${path}: ${message.replace(/^.*: /, '')}`);
}

check('warns where one staker decides or can halt', () => {
  assert.equal(warnings(staked), []);
  assert.equal(warnings(mixed('pos', 0, BOND, BOND, 8n * BOND)), ['stakers.2: it decides alone']);
  const half = mixed('pos', 0, BOND, BOND, 2n * BOND);
  assert.equal(warnings(half), ['stakers.2: without it the chain halts']);
});

check('warns where one class decides or can halt, now and when as much is staked as is aimed at', () => {
  const halfTarget = sound.parameters.targetBonded / 2n;
  const both = mixed('hybrid', 2, halfTarget, halfTarget);
  const split = 'without either class the chain halts';
  const halts = 'without them the chain halts';
  const share = (authorityShare: number) => warnings(withParameters({ authorityShare }, both));
  assert.equal(share(500_000), [`authorities: ${halts}`, `stakers: ${halts}`, `parameters.authority_share: ${split}`]);
  assert.equal(share(700_000), [
    'authorities.0: without it the chain halts',
    'authorities.1: without it the chain halts',
    'authorities: they decide alone',
    'parameters.authority_share: the authorities decide alone',
  ]);
  assert.equal(share(340_000), [`authorities: ${halts}`, `stakers: ${halts}`, `parameters.authority_share: ${split}`]);
  assert.ok(share(300_000).includes('parameters.authority_share: the stakers decide alone'));
});

check('warns of stakers who have too little for a seat', () => {
  const poor = mixed('hybrid', 4, BOND, BOND);
  assert.equal(
    checkGenesis(poor, NOW)
      .map(({ path, message }) => `${path} ${message}`)
      .filter((text) => text.startsWith('stakers'))
      .map((text) => text.replace(/ait1\w+/, 'ait1…')),
    [0, 1].map((index) => `stakers.${index} ait1… has no seat in the first epoch`),
  );
  assert.equal(paths(withParameters({ minValidators: 5 }, poor), 'error'), ['parameters.min_validators']);
});

check('warns where nobody could be jailed', () => {
  assert.equal(paths(withParameters({ minValidators: 4 }), 'warning'), ['parameters.min_validators']);
  assert.equal(paths(withParameters({ minValidators: 3 }), 'warning'), []);
});

check('says why a set must not be smaller than an election needs, and what to do', () => {
  const [finding] = checkGenesis(withParameters({ minValidators: 5 }), NOW);
  assert.is(
    finding?.message,
    'must be at most 4, for so many have a seat in the first epoch, not 5: no set would ever be elected, so that nobody ' +
      'could come or go. Lower it, or name more validators',
  );
});

check('warns where an epoch has too few slots for all seats', () => {
  const short = { epochDuration: 60_000 };
  assert.equal(paths(withParameters(short, staked), 'warning'), ['parameters.epoch_duration']);
  assert.equal(paths(withParameters(short), 'warning'), [], 'in poa every seat counts');
});

check('warns of free transactions, a start in the future, and nobody with coins', () => {
  assert.equal(paths(withParameters({ minFee: 0n, feePerByte: 0n }), 'warning'), ['parameters.min_fee']);
  assert.equal(paths({ ...sound, genesisTime: NOW + 1 }, 'warning'), ['genesis_time']);
  assert.equal(paths({ ...sound, accounts: [] }, 'warning'), ['accounts']);
});

check.run();
