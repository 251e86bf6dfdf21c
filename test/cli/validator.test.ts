// `validator …`: what is signed and sent, and how what a node says of validators is shown.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { publishedKeys } from '../../src/node/devnet-keys.ts';
import { addressOf, formatAddress } from '../../src/primitives/address.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import { FINAL } from '../../src/primitives/consensus.ts';
import { verifyStrict } from '../../src/primitives/ed25519.ts';
import { Evidence, evidenceId, votePair } from '../../src/primitives/evidence.ts';
import { possessionSigningBytes } from '../../src/primitives/staking.ts';
import type { ValidatorAnswer, ValidatorsView } from '../../src/rpc/handlers/validators.ts';
import { type Answer, chain, hash, sentBy, withAlice, withServer } from './fake-node.ts';
import { runCli } from './run-cli.ts';

const validator = suite('validator commands');
const keys = new Map((await publishedKeys()).map(({ name, key }) => [name, key]));
const alice = keyOf('alice');
const bob = keyOf('bob');
const ALICE = addressOf(alice.publicKey);
const BOB = formatAddress(addressOf(bob.publicKey));

function keyOf(name: string) {
  const key = keys.get(name);
  if (key === undefined) throw new Error(`no published key ${name}`);
  return key;
}

validator('register: the consensus key signs that it acts for the sender', async () => {
  for (const [args, voter] of [
    [['--consensus-key', 'bob'], bob],
    [[], alice],
  ] as const) {
    const { signed } = await sentBy(['validator', 'register', '--self-bond', '25', '--commission', '7.5%', ...args]);
    const { sender, action } = signed.transaction;
    assert.equal(sender, alice.publicKey);
    assert.is(action.selector, 2);
    if (action.selector !== 2) return;
    const { publicKey, commission, selfBond, proof } = action.value;
    assert.equal(publicKey, voter.publicKey);
    assert.is(commission, 75_000);
    assert.is(selfBond, 25_000_000_000n);
    assert.ok(verifyStrict(publicKey, possessionSigningBytes(ALICE, publicKey, hash), proof));
  }
});

validator('update: what is not named stays as it is', async () => {
  const rate = (await sentBy(['validator', 'update', '--commission', '0%'])).signed.transaction.action;
  assert.equal(rate, { selector: 3, value: { key: null, commission: 0 } });
  const { action } = (await sentBy(['validator', 'update', '--consensus-key', 'bob'])).signed.transaction;
  assert.is(action.selector, 3);
  if (action.selector !== 3) return;
  assert.is(action.value.commission, null);
  const { publicKey, proof } = action.value.key ?? { publicKey: new Uint8Array(), proof: new Uint8Array() };
  assert.equal(publicKey, bob.publicKey);
  assert.ok(verifyStrict(publicKey, possessionSigningBytes(ALICE, publicKey, hash), proof));
});

validator('unjail names the sender', async () => {
  const { action } = (await sentBy(['validator', 'unjail'])).signed.transaction;
  assert.equal(action, { selector: 6, value: { validator: ALICE } });
});

const evidence: Evidence = {
  epoch: 3,
  validatorsRoot: new Uint8Array(32).fill(1),
  publicKey: bob.publicKey,
  slot: 9,
  messages: votePair(
    { kind: FINAL, hash: new Uint8Array(32).fill(2), signature: new Uint8Array(64) },
    { kind: FINAL, hash: new Uint8Array(32).fill(3), signature: new Uint8Array(64) },
  ),
};
const ID = toHex(evidenceId(evidence));
const OTHER = 'ab'.repeat(32);
const PAGES = {
  '/rpc/consensus?limit=100': { evidence: { items: [{ id: OTHER, ssz: '00' }], next: OTHER } },
  [`/rpc/consensus?limit=100&before=${OTHER}`]: {
    evidence: { items: [{ id: ID, ssz: toHex(Evidence.serialize(evidence)) }], next: null },
  },
};

validator('report: evidence is found on whatever page, and sent as it is', async () => {
  const { action } = (await sentBy(['validator', 'report', ID], PAGES)).signed.transaction;
  assert.equal(action, { selector: 7, value: { evidence } });
});

validator('report of what the node does not hold sends nothing', async () => {
  const rest = chain((path) => {
    throw new Error(`${path} was asked`);
  });
  const answer: Answer = (path, ...request) =>
    path === '/rpc/consensus?limit=100' ? [200, { evidence: { items: [], next: null } }] : rest(path, ...request);
  await withAlice((dataDir) =>
    withServer(answer, async (url) => {
      const args = ['validator', 'report', ID, '--from', 'alice', '--rpc', url, ...dataDir];
      const { code, stderr } = await runCli(args);
      assert.is(code, EXIT.refused);
      assert.match(stderr, /holds no evidence/);
    }),
  );
});

validator('what is mistyped is refused before anyone is asked', async () => {
  const cases: [args: string[], message: RegExp][] = [
    [['validator', 'register', '--self-bond', 'much'], /an amount is written like/],
    [['validator', 'register', '--self-bond', '1', '--commission', '5'], /like "5%"/],
    [['validator', 'register', '--self-bond', '1', '--commission', '101%'], /from 0% to 100%/],
    [['validator', 'update'], /nothing to change/],
    [['validator', 'report', 'abc'], /no id of evidence/],
    [['validator', 'info', 'bob'], /address/],
  ];
  await withAlice(async (dataDir) => {
    for (const [args, message] of cases) {
      const sender = args[1] === 'info' ? [] : ['--from', 'alice', ...dataDir];
      const { code, stderr } = await runCli([...args, ...sender, '--rpc', 'http://127.0.0.1:1']);
      assert.is(code, EXIT.usage, args.join(' '));
      assert.match(stderr, message);
    }
  });
});

validator('a failure is told in words, with its code', async () => {
  const answer = chain(() => [
    200,
    { tx_hash: 'ab', status: 'finalized', receipt: { code: 'STILL_JAILED', height: 7 } },
  ]);
  await withAlice((dataDir) =>
    withServer(answer, async (url) => {
      const { code, stderr } = await runCli([
        'validator',
        'unjail',
        '--from',
        'alice',
        '--wait',
        '--rpc',
        url,
        ...dataDir,
      ]);
      assert.is(code, EXIT.refused);
      assert.match(stderr, /in block 7 but failed: the epoch of its release has not come.*\(STILL_JAILED\)/);
    }),
  );
});

const BOBS: ValidatorAnswer = {
  address: BOB,
  public_key: toHex(bob.publicKey),
  weight: 250_000,
  weight_share: 250_000,
  role: 'STAKER',
  status: 'JAILED',
  jailed_until: 12,
  downtimes: 1,
  commission: 75_000,
  next_commission: 100_000,
  stake: '2000000000',
  self_stake: '1500000000',
  activity: { participated: 9, participation: 900_000, proposed: 4, missed: 1, recorded: '7', reward: '50' },
  epoch: 10,
  next: null,
  height: 100,
};

validator('info and list show shares in percent and amounts in AIT', async () => {
  const { epoch, next, height, ...seated } = BOBS;
  const waiting = { ...seated, address: formatAddress(ALICE), weight: 0, weight_share: 0, activity: null };
  const list: ValidatorsView = {
    epoch,
    mode: 'hybrid',
    epoch_start: 0,
    epoch_end: 3_600_000,
    epoch_blocks: 10,
    total_weight: 1_000_000,
    reward_pot: '100',
    validators: [seated],
    waiting: [waiting],
    next_set: [{ address: waiting.address, public_key: waiting.public_key, weight: 600_000, weight_share: 600_000 }],
    height,
  };
  const answer = (path: string): [number, unknown] => [200, path === '/rpc/validators' ? list : BOBS];
  await withServer(answer, async (url) => {
    const info = (await runCli(['validator', 'info', BOB, '--rpc', url])).stdout;
    for (const line of [
      /^status +JAILED$/m,
      /^release +allowed from epoch 12 on$/m,
      /^stake +2 AIT, 1\.5 AIT of its own$/m,
      /^commission +7\.5%, 10% from epoch 11 on$/m,
      /^weight in epoch 10 +250000 \(25%\)$/m,
      /^participation +90%$/m,
      /^proposals +4 made, 1 missed$/m,
      /^if elected now +no seat$/m,
    ]) {
      assert.match(info, line);
    }
    const other = { ...BOBS, next_commission: BOBS.commission };
    await withServer(
      () => [200, other],
      async (at) =>
        assert.match((await runCli(['validator', 'info', BOB, '--rpc', at])).stdout, /^commission +7\.5%$/m),
    );
    const lines = (await runCli(['validator', 'list', '--rpc', url])).stdout.split('\n');
    assert.match(lines[0] ?? '', /^epoch 10, hybrid, ends at 1970-01-01T01:00:00\.000Z/);
    assert.match(lines[2] ?? '', new RegExp(`^${BOB} +STAKER +JAILED +25% +- +2 AIT +90% +4 +1$`));
    assert.match(lines[3] ?? '', new RegExp(`^${waiting.address} +STAKER +JAILED +- +60% +2 AIT +- +- +-$`));
  });
});

validator.run();
