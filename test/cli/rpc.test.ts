import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { verifyStrict } from '../../src/primitives/ed25519.ts';
import {
  encodeTransaction,
  type SignedTransaction,
  transactionSigningBytes,
} from '../../src/primitives/transaction.ts';
import { type Answer, chain, genesis, hash, withAlice, withServer } from './fake-node.ts';
import { runCli, runJson } from './run-cli.ts';

const rpc = suite('commands that ask a node');
const BOB = 'ait1dvlw5gz0yl3v05ysv57ucvd0v2ffm7cefzk0uv';

function sendArgs(url: string, dataDir: string[], ...more: string[]): string[] {
  return ['tx', 'send', '--from', 'alice', '--to', BOB, '--amount', '1.5', '--rpc', url, ...dataDir, ...more];
}

rpc('tx send signs for this chain, with the next nonce and the lowest fee', async () => {
  const sent: SignedTransaction[] = [];
  const answer = chain((path, signed) => {
    assert.is(path, '/rpc/send_tx');
    sent.push(signed);
    return [200, { tx_hash: encodeTransaction(signed).idHex, status: 'pending' }];
  });
  await withAlice((dataDir) =>
    withServer(answer, async (url) => {
      const result = await runJson(sendArgs(url, dataDir, '--memo', 'rent'));
      assert.is(result.status, 'pending');
    }),
  );
  const [signed] = sent;
  assert.ok(signed);
  const { transaction, signature } = signed as SignedTransaction;
  assert.ok(verifyStrict(transaction.sender, transactionSigningBytes(transaction, hash), signature));
  assert.is(transaction.nonce, 3);
  const { minFee, feePerByte } = genesis.parameters;
  assert.is(transaction.fee, minFee + feePerByte * BigInt(encodeTransaction(signed as SignedTransaction).bytes.length));
  assert.is(transaction.action.selector, 0);
  if (transaction.action.selector === 0) {
    assert.is(transaction.action.value.amount, 1_500_000_000n);
    assert.is(new TextDecoder().decode(transaction.action.value.memo), 'rent');
  }
});

rpc('tx send pays for an account that it creates, or what it is told', async () => {
  const fees: bigint[] = [];
  const known: Answer = chain((_, { transaction }) => {
    fees.push(transaction.fee);
    return [200, { tx_hash: '', status: 'pending' }];
  });
  const fresh: Answer = (path, body, request) =>
    path.endsWith(BOB) ? [200, { balance: '0', nonce: 0, next_nonce: 0 }] : known(path, body, request);
  await withAlice(async (dataDir) => {
    await withServer(known, (url) => runJson(sendArgs(url, dataDir)));
    await withServer(fresh, (url) => runJson(sendArgs(url, dataDir)));
    await withServer(fresh, (url) => runJson(sendArgs(url, dataDir, '--fee', '0.5', '--nonce', '9')));
  });
  const [toKnown, toFresh, told] = fees as [bigint, bigint, bigint];
  assert.is(toFresh - toKnown, genesis.parameters.accountFee);
  assert.is(told, 500_000_000n);
});

rpc('a wait goes on past the patience of the node, with the same transaction', async () => {
  const ids: string[] = [];
  const answer = chain((path, signed) => {
    assert.is(path, '/rpc/send_tx?wait=finalized');
    ids.push(encodeTransaction(signed).idHex);
    if (ids.length < 3) return [504, { title: 'Late', code: 'TIMEOUT', status: 504 }];
    return [200, { tx_hash: ids[0], status: 'finalized', receipt: { code: 'SUCCESS', height: 7 } }];
  });
  await withAlice((dataDir) =>
    withServer(answer, async (url) => {
      const { receipt } = await runJson(sendArgs(url, dataDir, '--wait'));
      assert.equal(receipt, { code: 'SUCCESS', height: 7 });
    }),
  );
  assert.is(ids.length, 3);
  assert.is(new Set(ids).size, 1);
});

rpc('a wait that is over, a failure, and a refusal have codes of their own', async () => {
  await withAlice(async (dataDir) => {
    const late = chain(() => [504, { title: 'Late', code: 'TIMEOUT' }]);
    await withServer(late, async (url) => {
      const { code, stderr } = await runCli(sendArgs(url, dataDir, '--wait', 'notarized', '--timeout', '0ms'));
      assert.is(code, EXIT.timeout);
      assert.match(stderr, /not notarized within 0 s/);
    });
    const failed = chain(() => [
      200,
      { tx_hash: 'ab', status: 'finalized', receipt: { code: 'INSUFFICIENT_BALANCE', height: 7 } },
    ]);
    await withServer(failed, async (url) => {
      const { code, stdout, stderr } = await runCli(sendArgs(url, dataDir, '--wait', '--json'));
      assert.is(code, EXIT.refused);
      assert.is(JSON.parse(stdout).receipt.code, 'INSUFFICIENT_BALANCE');
      assert.is(JSON.parse(stderr).error.code, 'INSUFFICIENT_BALANCE');
    });
    const refused = chain(() => [
      422,
      { title: 'The nonce was used before', detail: 'nonce 3', code: 'NONCE_TOO_LOW' },
    ]);
    await withServer(refused, async (url) => {
      const { code, stderr } = await runCli(sendArgs(url, dataDir, '--json'));
      assert.is(code, EXIT.refused);
      assert.equal(JSON.parse(stderr).error, { code: 'NONCE_TOO_LOW', message: 'The nonce was used before: nonce 3' });
    });
  });
});

rpc('what is mistyped is refused before anyone is asked', async () => {
  await withAlice(async (dataDir) => {
    const cases: [args: string[], message: RegExp][] = [
      [['--to', `${BOB.slice(0, -1)}q`], /checksum/],
      [['--amount', '-1'], /an amount is written like/],
      [['--amount', '1.0000000001'], /at most 9 decimals/],
      [['--amount', '99999999999'], /an amount is at most/],
      [['--wait', 'soon'], /write notarized or finalized/],
      [['--memo', 'x'.repeat(257)], /at most 256/],
      [['--nonce', '-1'], /no whole number/],
      [['--timeout', '5'], /30s/],
    ];
    for (const [args, message] of cases) {
      const { code, stderr } = await runCli([...sendArgs('http://127.0.0.1:1', dataDir), ...args]);
      assert.is(code, EXIT.usage, args.join(' '));
      assert.match(stderr, message);
    }
    const nobody = await runCli(sendArgs('http://127.0.0.1:1', dataDir, '--from', 'nobody'));
    assert.is(nobody.code, EXIT.data);
  });
});

rpc('account show prints AIT for people and units for scripts', async () => {
  const answer: Answer = () => [
    200,
    { address: BOB, balance: '1500000000', nonce: 4, staked: '250000000', unbonding: '0' },
  ];
  await withServer(answer, async (url) => {
    const { stdout } = await runCli(['account', 'show', BOB, '--rpc', url]);
    assert.match(stdout, /balance +1\.5 AIT\nstaked +0\.25 AIT\nunbonding +0 AIT\n/);
    assert.is((await runJson(['account', 'show', BOB], { environment: { AITBC_RPC: url } })).balance, '1500000000');
  });
});

rpc('status names the slot that the network is in, however far the newest final one is behind', async () => {
  const answer: Answer = (path) =>
    path.startsWith('/rpc/consensus')
      ? [200, { front_slot: 900, last_final_slot: 100 }]
      : [200, { timestamp: 0, certificate: { slot: 100 } }];
  await withServer(answer, async (url) => {
    assert.is((await runJson(['status', '--rpc', url])).slot, 900);
    assert.match((await runCli(['status', '--rpc', url])).stdout, /^slot +900$/m);
  });
});

rpc('nobody there, no node there, and no answer are told apart', async () => {
  const nobody = await runCli(['status', '--rpc', 'http://127.0.0.1:1']);
  assert.is(nobody.code, EXIT.unreachable);
  assert.match(nobody.stderr, /no node answers at http:\/\/127\.0\.0\.1:1 .*\n {2}→ start one/);
  await withServer(
    () => [200, '<html>'],
    async (url) => {
      const { code, stderr } = await runCli(['status', '--rpc', url]);
      assert.is(code, EXIT.refused);
      assert.match(stderr, /something else than JSON/);
    },
  );
  const unknown = await runCli(['status', '--rpc', 'localhost:9080']);
  assert.is(unknown.code, EXIT.usage);
  assert.match(unknown.stderr, /write it like http/);
});

rpc('tx show of something that is no hash is a usage error, of an unknown one a refusal', async () => {
  assert.is((await runCli(['tx', 'show', 'abc'])).code, EXIT.usage);
  await withServer(
    () => [404, { title: 'There is no such thing', code: 'NOT_FOUND' }],
    async (url) => {
      const { code, stderr } = await runCli(['tx', 'show', 'ab'.repeat(32), '--rpc', url]);
      assert.is(code, EXIT.refused);
      assert.match(stderr, /There is no such thing/);
    },
  );
});

rpc.run();
