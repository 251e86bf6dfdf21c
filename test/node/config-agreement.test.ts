import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { KeyPair } from '../../src/crypto/keys.ts';
import {
  checkAgreement,
  checkNat,
  checkSentries,
  checkValidator,
  remoteOperator,
} from '../../src/node/config/agreement.ts';
import { ConfigError } from '../../src/node/config/errors.ts';
import { loadConfig } from '../../src/node/config.ts';
import { publishedKeys } from '../../src/node/devnet-keys.ts';
import { checkFileDescriptors, FileDescriptorError, readLimits } from '../../src/node/file-descriptors.ts';
import { loadGenesis } from '../../src/node/genesis-file.ts';
import { networkDirectory } from '../../src/node/package-root.ts';
import { parseAddress } from '../../src/primitives/address.ts';

const agreement = suite('agreement of configuration and chain');
const { genesis } = await loadGenesis(join(networkDirectory('devnet'), 'genesis.json'));
const keys = await publishedKeys();

function load(environment: Record<string, string> = {}) {
  return loadConfig({ environment, flags: { dataDir: '/nowhere' } });
}

function keyNamed(name: string) {
  const found = keys.find((key) => key.name === name);
  if (found === undefined) throw new Error(`no key ${name}`);
  return found;
}

function refused(check: () => unknown, key: string, message: RegExp): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    assert.is(error.problems[0]?.key, key);
    assert.match(error.message, message);
    return;
  }
  assert.unreachable('expected a ConfigError');
}

agreement('mode and block time that genesis has are fine, and so is silence', async () => {
  checkAgreement(await load({ CONSENSUS_MODE: 'poa', BLOCK_TIME: '1s' }), genesis);
  checkAgreement(await load(), genesis);
});

agreement('another block time is refused with both', async () => {
  const loaded = await load({ BLOCK_TIME: '250ms' });
  refused(() => checkAgreement(loaded, genesis), 'block_time', /environment BLOCK_TIME\): is 250ms, .* has 1s/);
});

agreement('a key without a seat in genesis may get one later', async () => {
  const stranger = KeyPair.generate().publicKey;
  checkValidator(await load(), genesis, stranger);
  checkValidator(await load({ VALIDATOR_ADDRESS: keyNamed('alice').address }), genesis, stranger);
});

agreement('a validator does not hide behind a router', async () => {
  checkNat(await load({ NAT: 'true', VALIDATOR_KEY: 'none' }));
  checkNat(await load());
  refused(await load({ NAT: 'true' }).then((loaded) => () => checkNat(loaded)), 'nat', /a validator \(validator_key\)/);
  const remote = { NAT: 'true', VALIDATOR_KEY: 'none', VALIDATOR_SIGNER: 'unix:/run/signer.sock' };
  refused(await load(remote).then((loaded) => () => checkNat(loaded)), 'nat', /a validator \(validator_signer\)/);
});

agreement('a node behind sentries tells nobody where it is', async () => {
  const SENTRIES = '/ip4/203.0.113.1/tcp/9000/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN';
  checkSentries(await load({ SENTRIES, DISCOVERY: 'off' }));
  checkSentries(await load({ DISCOVERY: 'server', RELAY: 'true' }));
  const revealing = {
    discovery: { DISCOVERY: 'client' },
    announce_addresses: { ANNOUNCE_ADDRESSES: '/dns4/node.example/tcp/9000' },
    relay: { RELAY: 'true' },
    nat: { NAT: 'true' },
  };
  for (const [key, environment] of Object.entries(revealing)) {
    const loaded = await load({ SENTRIES, ...environment });
    refused(() => checkSentries(loaded), key, /it keeps to its sentries \(environment SENTRIES\)/);
  }
});

agreement('VALIDATOR_ADDRESS must be that of the key', async () => {
  const { key, address } = keyNamed('validator');
  checkValidator(await load({ VALIDATOR_ADDRESS: address }), genesis, key.publicKey);
  const other = await load({ VALIDATOR_ADDRESS: keyNamed('alice').address });
  refused(() => checkValidator(other, genesis, key.publicKey), 'validator_address', new RegExp(address));
});

agreement('VALIDATOR_ADDRESS without a key is refused; neither is a follower', async () => {
  const loaded = await load({ VALIDATOR_KEY: 'none', VALIDATOR_ADDRESS: keyNamed('alice').address });
  refused(() => checkValidator(loaded, genesis, undefined), 'validator_address', /validator_key is not/);
  checkValidator(await load({ VALIDATOR_KEY: 'none' }), genesis, undefined);
});

agreement('a signer process signs for the account of validator_address, in genesis or registered later', async () => {
  const { address } = keyNamed('alice');
  const settings = { VALIDATOR_KEY: 'none', VALIDATOR_SIGNER: 'unix:/run/signer', VALIDATOR_ADDRESS: address };
  assert.equal(remoteOperator(await load(settings)), parseAddress(address));
  assert.is(remoteOperator(await load({ VALIDATOR_KEY: 'none' })), undefined);
  const { VALIDATOR_ADDRESS: _, ...nobodys } = settings;
  const unnamed = await load(nobodys);
  refused(() => remoteOperator(unnamed), 'validator_signer', /needs validator_address/);
  const twice = await load({ ...settings, VALIDATOR_KEY: 'validator' });
  refused(() => remoteOperator(twice), 'validator_signer', /a key is in one place/);
});

agreement('too few file descriptors are refused with the way out', () => {
  const limits = (soft: string) =>
    `Limit   Soft Limit  Hard Limit  Units\nMax open files            ${soft}      524288   files\n`;
  checkFileDescriptors(limits('1024'));
  checkFileDescriptors(limits('unlimited'));
  checkFileDescriptors(undefined);
  try {
    checkFileDescriptors(limits('256'));
    assert.unreachable();
  } catch (error) {
    assert.instance(error, FileDescriptorError);
    assert.match((error as Error).message, /may open 256 files.*ulimit -n 1024/);
  }
});

agreement('reads the limits of this process where the system tells them', async () => {
  const limits = await readLimits();
  if (process.platform === 'linux') assert.match(String(limits), /Max open files/);
  else assert.is(limits, undefined);
});

agreement.run();
