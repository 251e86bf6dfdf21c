// The commands against a running node, as a person or a script uses them.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { withTimeout } from '../helpers/timeout.ts';
import { TestNode, temporaryFolder } from './harness/devnet.ts';
import { type Exit, run, runJson } from './harness/program.ts';
import { eventually, PATIENCE_MS } from './harness/wait.ts';

const commands = suite('commands against a running node');
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let node: TestNode;
/** options of every command that asks the node */
let rpc: string[];
/** options of every command that opens keys */
let dataDir: string[];

commands.before(async () => {
  folder = await temporaryFolder();
  const directory = join(folder.path, 'node');
  const ports = ['rpc', 'ws', 'metrics', 'p2p', 'p2p-ws'].flatMap((port) => [`--${port}-port`, '0']);
  dataDir = ['--network', 'devnet', '--data-dir', directory];
  node = new TestNode(directory, ['start', ...dataDir, ...ports], join(folder.path, 'node.log'));
  rpc = ['--rpc', (await node.start()).rpcUrl];
  await node.ready();
});

commands.after(async () => {
  await node.kill();
  await folder.remove();
});

commands('keys new makes a key that keys list shows, encrypted or plain', async () => {
  const passphrase = join(folder.path, 'passphrase');
  await writeFile(passphrase, 'correct horse\n');
  const plain = await runJson<{ name: string; address: string }>(['keys', 'new', 'shop', '--plain', ...dataDir]);
  const locked = await runJson<{ address: string }>([
    'keys',
    'new',
    'safe',
    '--passphrase-file',
    passphrase,
    ...dataDir,
  ]);
  assert.is(plain.name, 'shop');
  const { keys } = await runJson<{ keys: { name: string; address: string; encrypted: boolean }[] }>([
    'keys',
    'list',
    ...dataDir,
  ]);
  const found = new Map(keys.map((key) => [key.name, key]));
  assert.is(found.get('shop')?.address, plain.address);
  assert.is(found.get('shop')?.encrypted, false);
  assert.is(found.get('safe')?.address, locked.address);
  assert.is(found.get('safe')?.encrypted, true);
  assert.ok(found.has('alice'));
  const again = await run(['keys', 'new', 'shop', '--plain', ...dataDir]);
  assertFailure(again, 4, /shop/);
});

commands('tx send --wait pays, and tx show and account show see it', async () => {
  const { address } = await addressOf('shop');
  const sent = await runJson<{ tx_hash: string; status: string; receipt: { height: number; code: string } }>([
    ...['tx', 'send', '--from', 'alice', '--to', address, '--amount', '12.5', '--memo', 'two coffees', '--wait'],
    ...dataDir,
    ...rpc,
  ]);
  assert.equal([sent.status, sent.receipt.code], ['finalized', 'SUCCESS']);
  const shown = await runJson<{ status: string; transaction: { action: { memo: string; amount: string } } }>([
    'tx',
    'show',
    sent.tx_hash,
    ...rpc,
  ]);
  assert.is(shown.status, 'finalized');
  assert.equal([shown.transaction.action.memo, shown.transaction.action.amount], ['two coffees', '12500000000']);
  const read = await run(['tx', 'show', sent.tx_hash, ...rpc]);
  assert.match(read.stdout, new RegExp(`^pays +12\\.5 AIT to ${address}\nmemo +"two coffees"$`, 'm'));
  const account = await runJson<{ balance: string; nonce: number }>(['account', 'show', address, ...rpc]);
  assert.equal([account.balance, account.nonce], ['12500000000', 0]);
  const text = await run(['account', 'show', address, ...rpc]);
  assert.match(text.stdout, /12\.5 AIT/);
});

commands('an encrypted key pays with its passphrase and not with another', async () => {
  const { address } = await addressOf('safe');
  await runJson(['tx', 'send', '--from', 'bob', '--to', address, '--amount', '3', '--wait', ...dataDir, ...rpc]);
  const spend = ['tx', 'send', '--from', 'safe', '--to', (await addressOf('shop')).address, '--amount', '1', '--wait'];
  const right = ['--passphrase-file', join(folder.path, 'passphrase')];
  await runJson([...spend, ...right, ...dataDir, ...rpc]);
  const wrong = join(folder.path, 'wrong');
  await writeFile(wrong, 'incorrect horse\n');
  assertFailure(await run([...spend, '--passphrase-file', wrong, ...dataDir, ...rpc]), 4, /passphrase/);
});

commands('what can not be paid is refused with the code of the node, in text and JSON', async () => {
  const args = ['tx', 'send', '--from', 'shop', '--to', (await addressOf('bob')).address, '--amount', '1000', '--wait'];
  assertFailure(await run([...args, ...dataDir, ...rpc]), 7, /balance/);
  const { code, stderr } = await run([...args, ...dataDir, ...rpc, '--json']);
  assert.is(code, 7);
  assert.is(JSON.parse(stderr).error.code, 'INSUFFICIENT_FUNDS');
  const mistyped = (await addressOf('bob')).address.replace(/.$/, (last) => (last === 'q' ? 'p' : 'q'));
  assertFailure(
    await run(['tx', 'send', '--from', 'alice', '--to', mistyped, '--amount', '1', ...dataDir, ...rpc]),
    2,
    /checksum/,
  );
  assertFailure(
    await run([
      'tx',
      'send',
      '--from',
      'nobody',
      '--to',
      (await addressOf('bob')).address,
      '--amount',
      '1',
      ...dataDir,
    ]),
    4,
    /nobody/,
  );
});

commands('status tells network, head, sync and mempool', async () => {
  const status = await runJson<{
    network: { chain_id: string; genesis_hash: string };
    head: { height: number };
    sync: { phase: string };
    mempool: { size: number };
  }>(['status', ...rpc]);
  assert.is(status.network.chain_id, 'ait-devnet');
  assert.ok(status.head.height > 0);
  assert.equal([status.sync.phase, status.mempool.size], ['synced', 0]);
  const text = await run(['status'], { environment: { AITBC_RPC: rpc[1] as string } });
  assert.match(text.stdout, /^network +ait-devnet/m);
});

commands('where no node answers, the error says so', async () => {
  assertFailure(await run(['status', '--rpc', 'http://127.0.0.1:9']), 6, /no node answers/);
});

commands('a transaction that nobody knows is an error', async () => {
  assertFailure(await run(['tx', 'show', 'f'.repeat(64), ...rpc]), 7, /f{64}/);
});

commands('the database of a running node is left alone', async () => {
  assertFailure(await run(['db', 'verify', ...dataDir]), 4, new RegExp(`${node.process.pid}|in use|locked|held`));
});

commands('stopped during a waiting command, node and command both end', async () => {
  const height = await node.rpc.height();
  await eventually('a block', async () => (await node.rpc.height()) > height);
  const { address } = await addressOf('shop');
  const send = run(['tx', 'send', '--from', 'alice', '--to', address, '--amount', '1', '--wait', ...dataDir, ...rpc]);
  const [exit] = await withTimeout(Promise.all([node.stop(), send]), PATIENCE_MS, 'both end');
  assert.is(exit.code, 0);
});

async function addressOf(name: string): Promise<{ address: string }> {
  const { keys } = await runJson<{ keys: { name: string; address: string }[] }>(['keys', 'list', ...dataDir]);
  const key = keys.find((candidate) => candidate.name === name);
  if (key === undefined) throw new Error(`no key ${name}`);
  return key;
}

/** One error for people: what is wrong on stderr, nothing on stdout, and no stack. */
function assertFailure({ code, stdout, stderr }: Exit, expected: number, message: RegExp): void {
  assert.is(code, expected, stderr);
  assert.is(stdout, '');
  assert.match(stderr, /^error: /);
  assert.match(stderr, message);
  assert.not.match(stderr, /\n\s+at /);
}

commands.run();
