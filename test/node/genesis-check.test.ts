import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { checkGenesis, type GenesisFinding, MAX_BLOCK_BYTES, MAX_TOTAL_WEIGHT } from '../../src/node/genesis-check.ts';
import { loadGenesis } from '../../src/node/genesis-file.ts';
import { networkDirectory } from '../../src/node/package-root.ts';
import { addressOf } from '../../src/primitives/address.ts';
import { compareBytes, fromHex } from '../../src/primitives/bytes.ts';
import { publicKeyOf } from '../../src/primitives/ed25519.ts';
import type { Genesis } from '../../src/primitives/genesis.ts';
import type { Parameters } from '../../src/primitives/parameters.ts';
import { encodeText, MAX_AMOUNT } from '../../src/primitives/ssz.ts';
import type { Validator } from '../../src/primitives/validators.ts';

const NOW = Date.UTC(2030, 0, 1);
const check = suite('genesis check');

const { genesis: published } = await loadGenesis(join(networkDirectory('devnet'), 'genesis.json'));

function validators(...weights: number[]): Validator[] {
  return weights
    .map((weight, index) => {
      const publicKey = publicKeyOf(new Uint8Array(32).fill(index + 1));
      return { publicKey, address: addressOf(publicKey), weight };
    })
    .sort((a, b) => compareBytes(a.publicKey, b.publicKey));
}

const sound: Genesis = { ...published, validators: validators(1, 1, 1, 1) };

function withParameters(changes: Partial<Parameters>): Genesis {
  return { ...sound, parameters: { ...sound.parameters, ...changes } };
}

function paths(genesis: Genesis, level: GenesisFinding['level']): string[] {
  return checkGenesis(genesis, NOW)
    .filter((finding) => finding.level === level)
    .map(({ path }) => path);
}

check('has nothing to say about four equal validators', () => {
  assert.equal(checkGenesis(sound, NOW), []);
});

const [first, second] = sound.validators as [Validator, Validator];
const SMALL_ORDER = fromHex(`01${'00'.repeat(31)}`);
const NO_POINT = fromHex(`02${'00'.repeat(31)}`);

const FAULTS: readonly (readonly [name: string, genesis: Genesis, path: string])[] = [
  ['an empty chain id', { ...sound, chainId: encodeText('') }, 'chain_id'],
  ['a chain id with spaces', { ...sound, chainId: encodeText('my net') }, 'chain_id'],
  ['no start time', { ...sound, genesisTime: 0 }, 'genesis_time'],
  ['no validator', { ...sound, validators: [] }, 'validators'],
  ['a weight of zero', { ...sound, validators: [{ ...first, weight: 0 }, second] }, 'validators.0.weight'],
  ['validators out of order', { ...sound, validators: [second, first] }, 'validators.1.public_key'],
  ['a validator twice', { ...sound, validators: [first, first, second] }, 'validators.1.public_key'],
  ['a key of small order', { ...sound, validators: [{ ...first, publicKey: SMALL_ORDER }] }, 'validators.0.public_key'],
  ['a key that is no point', { ...sound, validators: [{ ...first, publicKey: NO_POINT }] }, 'validators.0.public_key'],
  ['too much weight', { ...sound, validators: validators(MAX_TOTAL_WEIGHT, 1) }, 'validators'],
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
  ['no block time', withParameters({ blockTime: 0 }), 'parameters.block_time'],
  ['no message delay', withParameters({ messageDelay: 0 }), 'parameters.message_delay'],
  ['an interval above the block time', withParameters({ minBlockInterval: 1001 }), 'parameters.min_block_interval'],
  ['a timer cap without room', withParameters({ timerCap: 15_999 }), 'parameters.timer_cap'],
  ['tiny blocks', withParameters({ maxBlockBytes: 1000 }), 'parameters.max_block_bytes'],
  ['blocks past one message', withParameters({ maxBlockBytes: MAX_BLOCK_BYTES + 1 }), 'parameters.max_block_bytes'],
];

for (const [name, genesis, path] of FAULTS) {
  check(`refuses ${name}`, () => assert.ok(paths(genesis, 'error').includes(path)));
}

check('warns where one validator decides or can halt', () => {
  const messages = (...weights: number[]) =>
    checkGenesis({ ...sound, validators: validators(...weights) }, NOW).map(({ message }) =>
      message.replace(/^.*: /, ''),
    );
  assert.equal(messages(1), ['it decides alone']);
  assert.equal(messages(1, 1, 1), Array(3).fill('without it the chain halts'));
  assert.equal(messages(33, 33, 33, 2), [], 'less than a third each');
  assert.equal(messages(2, 1, 1, 1), ['without it the chain halts']);
  assert.equal(messages(7, 1, 1), ['it decides alone']);
});

check('warns of free transactions, a start in the future, and nobody with coins', () => {
  assert.equal(paths(withParameters({ minFee: 0n, feePerByte: 0n }), 'warning'), ['parameters.min_fee']);
  assert.equal(paths({ ...sound, genesisTime: NOW + 1 }, 'warning'), ['genesis_time']);
  assert.equal(paths({ ...sound, accounts: [] }, 'warning'), ['accounts']);
});

check.run();
