// `tx show`: what each action does, in words.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAddress } from '../../src/primitives/address.ts';
import { utf8 } from '../../src/primitives/bytes.ts';
import { NOTAR } from '../../src/primitives/consensus.ts';
import { votePair } from '../../src/primitives/evidence.ts';
import type { Change } from '../../src/primitives/governance.ts';
import { toJson } from '../../src/primitives/json.ts';
import { ACTION_TYPES, TransactionAction } from '../../src/primitives/transaction.ts';
import { withServer } from './fake-node.ts';
import { runCli } from './run-cli.ts';

const show = suite('tx show');
const BOB = 'ait1dvlw5gz0yl3v05ysv57ucvd0v2ffm7cefzk0uv';
const to = parseAddress(BOB);
const publicKey = new Uint8Array(32).fill(0x5f);
const KEY = '5f'.repeat(32);
const signature = new Uint8Array(64);
const propose = (change: Change, epoch = 0): TransactionAction => ({ selector: 8, value: { epoch, change } });
const vote = (fill: number) => ({ kind: NOTAR, hash: new Uint8Array(32).fill(fill), signature }) as const;

const CASES: readonly [action: TransactionAction, ...lines: RegExp[]][] = [
  [
    { selector: 0, value: { to, amount: 1_500_000_000n, memo: utf8('rent') } },
    /^pays +1\.5 AIT to ait1dv/m,
    /^memo +"rent"$/m,
  ],
  [
    {
      selector: 1,
      value: {
        outputs: [
          { to, amount: 1n },
          { to, amount: 2n },
        ],
        memo: utf8(''),
      },
    },
    /^pays +0\.000000001 AIT to .*\npays +0\.000000002 AIT to /m,
  ],
  [
    { selector: 2, value: { publicKey, commission: 25_000, selfBond: 10n ** 9n, proof: signature } },
    new RegExp(`^consensus key +${KEY}$`, 'm'),
    /^commission +2\.5%$/m,
    /^self-bond +1 AIT$/m,
  ],
  [{ selector: 3, value: { key: null, commission: 0 } }, /^commission +0%$/m],
  [
    { selector: 3, value: { key: { publicKey, proof: signature }, commission: null } },
    new RegExp(`^consensus key +${KEY}$`, 'm'),
  ],
  [{ selector: 4, value: { validator: to, amount: 10n ** 9n } }, new RegExp(`^stakes +1 AIT on ${BOB}$`, 'm')],
  [{ selector: 5, value: { validator: to, amount: 0n } }, new RegExp(`^unstakes +everything from ${BOB}$`, 'm')],
  [{ selector: 6, value: { validator: to } }, /^action +UNJAIL$/m],
  [
    {
      selector: 7,
      value: {
        evidence: { epoch: 1, validatorsRoot: publicKey, publicKey, slot: 1, messages: votePair(vote(1), vote(2)) },
      },
    },
    new RegExp(`^accused key +${KEY}$`, 'm'),
  ],
  [
    propose({ selector: 0, value: { address: to, publicKey } }),
    new RegExp(`^adds +authority ${BOB} with key ${KEY}$`, 'm'),
  ],
  [
    propose({ selector: 1, value: { address: to } }, 40),
    new RegExp(`^removes +authority ${BOB}\ntakes effect +with epoch 40$`, 'm'),
  ],
  [
    propose({ selector: 2, value: { changes: [{ parameter: 0, value: 9n }] } }),
    /^sets +min_fee = 9 {2}\(0\.000000009 AIT\)\ntakes effect +with the epoch after it passes$/m,
  ],
  [propose({ selector: 3, value: { protocolVersion: 2 } }), /^upgrades +to protocol version 2$/m],
  [{ selector: 9, value: { proposal: 3, choice: 1 } }, /^votes +YES on proposal 3$/m],
];

show('says what each action does', async () => {
  assert.equal(
    [...new Set(CASES.map(([{ selector }]) => selector))],
    ACTION_TYPES.map((_, selector) => selector),
  );
  for (const [action, ...lines] of CASES) {
    const transaction = { nonce: 4, fee: '1000', action: toJson(TransactionAction, action) };
    const answer = { status: 'finalized', from: BOB, transaction, receipt: { height: 7, code: 'STAKE_TOO_SMALL' } };
    await withServer(
      () => [200, answer],
      async (url) => {
        const { stdout } = await runCli(['tx', 'show', 'ab'.repeat(32), '--rpc', url]);
        assert.match(stdout, new RegExp(`^action +${ACTION_TYPES[action.selector]}$`, 'm'));
        for (const line of lines) assert.match(stdout, line);
        assert.match(stdout, /^result +less than min_self_bond or min_stake.*\(STAKE_TOO_SMALL\)$/m);
      },
    );
  }
});

show.run();
