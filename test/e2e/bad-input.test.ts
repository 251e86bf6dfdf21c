// Bad input over HTTP to a real node: an error with its code, and no effect on balances, nonces and what waits.

import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { JsonValue } from '../../src/primitives/json.ts';
import type { ProblemCode } from '../../src/rpc/problems.ts';
import { TestNode, temporaryFolder } from './harness/devnet.ts';
import { jsonBody, type Rpc } from './harness/rpc.ts';
import { finalizedBy, publishedWallet, Wallet } from './harness/wallet.ts';

const bad = suite('bad input over HTTP');
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let node: TestNode;
let genesisHash: Uint8Array;
let alice: Wallet;
let bob: Wallet;

bad.before(async () => {
  folder = await temporaryFolder();
  const directory = join(folder.path, 'node');
  const ports = ['rpc', 'ws', 'metrics', 'p2p', 'p2p-ws'].flatMap((port) => [`--${port}-port`, '0']);
  node = new TestNode(directory, ['start', '--data-dir', directory, ...ports], join(folder.path, 'node.log'));
  genesisHash = Uint8Array.from(Buffer.from((await node.start()).genesisHash, 'hex'));
  await node.ready();
  alice = await publishedWallet('alice', genesisHash, node.rpc);
  bob = await publishedWallet('bob', genesisHash, node.rpc);
  // A nonce that was used, so that there is one that is too low.
  await finalizedBy(node.rpc, alice.transfer(bob.address, 1n));
});

bad.after(async () => {
  await node.kill();
  await folder.remove();
});

type Json = Record<string, JsonValue>;

/** A transfer of alice that would be taken, with one value replaced; its signature is that of the original. */
function altered(path: string, value: JsonValue | undefined): JsonValue {
  const json = alice.transfer(bob.address, 1n, { nonce: alice.nonce }).json as Json;
  const names = path.split('.');
  const last = names.pop() as string;
  let place = json;
  for (const name of names) place = place[name] as Json;
  if (value === undefined) delete place[last];
  else place[last] = value;
  return json;
}

function good(changes: Parameters<Wallet['transfer']>[2] = {}): JsonValue {
  return alice.transfer(bob.address, 1n, { nonce: alice.nonce, ...changes }).json;
}

const SUBMISSIONS: readonly [what: string, body: () => string | JsonValue, status: number, code: ProblemCode][] = [
  ['malformed JSON', () => '{"transaction":', 400, 'MALFORMED_JSON'],
  ['nothing', () => '', 400, 'MALFORMED_JSON'],
  ['a text', () => '"transaction"', 422, 'INVALID_FIELD'],
  ['a list', () => [], 422, 'INVALID_FIELD'],
  ['deeply nested lists', () => '['.repeat(100_000), 400, 'MALFORMED_JSON'],
  ['no signature', () => altered('signature', undefined), 422, 'INVALID_FIELD'],
  ['a field nobody knows', () => altered('transaction.gas', 1), 422, 'UNKNOWN_FIELD'],
  ['__proto__ as a field', () => '{"__proto__":{},"transaction":{},"signature":""}', 422, 'UNKNOWN_FIELD'],
  ['a nonce as text', () => altered('transaction.nonce', '1'), 422, 'INVALID_FIELD'],
  ['a fractional nonce', () => altered('transaction.nonce', 1.5), 422, 'INVALID_FIELD'],
  ['a nonce past 64 bits', () => altered('transaction.nonce', 2 ** 64), 422, 'INVALID_FIELD'],
  ['an amount as a number', () => altered('transaction.action.amount', 1), 422, 'INVALID_FIELD'],
  ['a negative amount', () => altered('transaction.action.amount', '-1'), 422, 'INVALID_FIELD'],
  ['a fractional amount', () => altered('transaction.action.amount', '0.5'), 422, 'INVALID_FIELD'],
  ['an amount past 64 bits', () => altered('transaction.action.amount', '18446744073709551616'), 422, 'INVALID_FIELD'],
  ['a fee past 64 bits', () => altered('transaction.fee', '99999999999999999999'), 422, 'INVALID_FIELD'],
  ['hex that is none', () => altered('signature', 'zz'.repeat(64)), 422, 'BAD_HEX'],
  ['hex that is too short', () => altered('transaction.sender', 'ab'), 422, 'BAD_HEX'],
  ['a mistyped address', () => altered('transaction.action.to', mistyped(bob.address)), 422, 'BAD_ADDRESS'],
  ['an unknown action', () => altered('transaction.action.type', 'MINT'), 422, 'INVALID_FIELD'],
  ['a changed amount', () => altered('transaction.action.amount', '2'), 422, 'BAD_SIGNATURE'],
  ['a signature of zeros', () => altered('signature', '00'.repeat(64)), 422, 'BAD_SIGNATURE'],
  ['a signature for another network', () => foreign(), 422, 'BAD_SIGNATURE'],
  ['a nonce that was used', () => good({ nonce: 0, fee: 200_000n }), 422, 'NONCE_TOO_LOW'],
  ['a nonce gap', () => good({ nonce: alice.nonce + 5 }), 422, 'NONCE_TOO_HIGH'],
  ['no fee', () => good({ fee: 0n }), 422, 'FEE_TOO_LOW'],
  ['an expired transaction', () => good({ validUntil: 1 }), 422, 'EXPIRED'],
  ['more than there is', () => tooMuch(), 422, 'INSUFFICIENT_FUNDS'],
  ['amount and fee that overflow', () => tooMuch((1n << 64n) - 1n), 422, 'INSUFFICIENT_FUNDS'],
  ['a sender without an account', () => poor(), 422, 'INSUFFICIENT_FUNDS_FOR_FEE'],
  ['SSZ that is cut off', () => ({ ssz: '00'.repeat(100) }), 422, 'INVALID_FIELD'],
  ['an oversized body', () => ({ ssz: 'ab'.repeat(1_000_000) }), 413, 'BODY_TOO_LARGE'],
];

const READS: readonly [path: string, status: number, code: ProblemCode][] = [
  ['rpc/get_block/999999999', 404, 'NOT_FOUND'],
  ['rpc/get_block/-1', 422, 'INVALID_FIELD'],
  ['rpc/get_block/1.5', 422, 'INVALID_FIELD'],
  [`rpc/get_block/${'0'.repeat(64)}`, 404, 'NOT_FOUND'],
  [`rpc/get_tx/${'ab'.repeat(32)}`, 404, 'NOT_FOUND'],
  ['rpc/get_tx/xyz', 422, 'BAD_HEX'],
  [`rpc/get_receipt/${'ab'.repeat(32)}`, 404, 'NOT_FOUND'],
  ['rpc/get_balance/ait1xyz', 422, 'BAD_ADDRESS'],
  ['rpc/get_balance/0x12', 422, 'BAD_ADDRESS'],
  ['rpc/get_nothing', 404, 'NOT_FOUND'],
];

bad('every bad submission is refused with its code, as REST and as JSON-RPC', async () => {
  await withoutEffect(async () => {
    for (const [what, body, status, code] of SUBMISSIONS) {
      const content = body();
      const text = typeof content === 'string' ? content : JSON.stringify(content);
      const response = await node.rpc.fetch('rpc/send_tx', jsonBody(text));
      const problem = (await response.json()) as { code: string; status: number };
      assert.equal([response.status, problem.code, problem.status], [status, code, status], what);
      if (typeof content === 'string' || status === 413) continue;
      const call = jsonBody(`{"jsonrpc":"2.0","id":1,"method":"send_tx","params":${text}}`);
      const { error } = (await (await node.rpc.fetch('', call)).json()) as { error: { data: { code: string } } };
      if (!Array.isArray(content)) assert.is(error.data.code, code, `${what}, as JSON-RPC`);
    }
  });
});

bad('a batch takes what is good and refuses the rest, each by itself', async () => {
  const before = await node.rpc.balance(bob.address);
  const unsigned = altered('signature', '00'.repeat(64));
  const payment = alice.transfer(bob.address, 3n);
  const answers = await node.rpc.sendBatch([unsigned, payment.json, {}]);
  assert.equal(
    answers.map(({ result, error }) => result?.tx_hash ?? error?.data.code),
    ['BAD_SIGNATURE', payment.hash, 'INVALID_FIELD'],
  );
  await finalizedBy(node.rpc, payment);
  const after = await node.rpc.balance(bob.address);
  assert.is(BigInt(after.balance) - BigInt(before.balance), 3n);
});

bad('reads of what does not exist or makes no sense', async () => {
  await withoutEffect(async () => {
    for (const [path, status, code] of READS) {
      const response = await node.rpc.fetch(path);
      assert.equal([response.status, ((await response.json()) as { code: string }).code], [status, code], path);
    }
  });
});

bad('the node is as well as before', async () => {
  assert.is((await node.rpc.fetch('health')).status, 200);
  const { code } = await finalizedBy(node.rpc, alice.transfer(bob.address, 1n));
  assert.is(code, 'SUCCESS');
  assert.is((await node.stop()).code, 0);
});

/** What clients can change is after `act` as it was before; blocks go on. */
async function withoutEffect(act: () => Promise<void>): Promise<void> {
  const before = await effects(node.rpc);
  await act();
  assert.equal(await effects(node.rpc), before);
}

async function effects(rpc: Rpc): Promise<unknown> {
  const accounts = await Promise.all([alice, bob].map(({ address }) => rpc.balance(address)));
  return { accounts: accounts.map(({ balance, nonce }) => ({ balance, nonce })), mempool: await rpc.mempool() };
}

function mistyped(address: string): string {
  return address.replace(/.$/, (last) => (last === 'q' ? 'p' : 'q'));
}

function foreign(): JsonValue {
  const elsewhere = new Wallet(
    genesisHash.map((byte) => byte ^ 1),
    alice.key,
  );
  return elsewhere.transfer(bob.address, 1n, { nonce: alice.nonce }).json;
}

function tooMuch(amount = 1n << 62n): JsonValue {
  return alice.transfer(bob.address, amount, { nonce: alice.nonce }).json;
}

function poor(): JsonValue {
  return new Wallet(genesisHash).transfer(bob.address, 1n).json;
}

bad.run();
