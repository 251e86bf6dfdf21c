// Commands against the RPC server of a chain that executes what they send: from registration to punishment.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import { evidenceId } from '../../src/primitives/evidence.ts';
import type { RpcDependencies } from '../../src/rpc/dependencies.ts';
import { withTempDir } from '../helpers/temp-dir.ts';
import { addressText, alice, bob, CONSENSUS, key, type TestNode, withNode } from '../rpc/fixture.ts';
import { AIT, authority, doubleVote, genesis, otherAuthority, rich } from '../rpc/hybrid.ts';
import { type CliResult, runCli } from './run-cli.ts';

const KEYS = { alice, bob, authority, second: otherAuthority, rich, voter: key(15), voter2: key(16) };

interface Shell {
  readonly node: TestNode;
  /** Runs a command that reads. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape.
  read(...args: string[]): Promise<any>;
  /** Sends a transaction of a key and waits for it. */
  send(from: keyof typeof KEYS, ...args: string[]): Promise<CliResult>;
  /** The same, which must succeed. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape.
  sent(from: keyof typeof KEYS, ...args: string[]): Promise<any>;
}

/** A data directory with all keys, and a node that puts each transaction into a block of its own. */
async function withShell(use: (shell: Shell) => Promise<void>, override: Partial<RpcDependencies> = {}): Promise<void> {
  await withTempDir((directory) =>
    withNode({ genesis, override }, async (node) => {
      node.chain.mempool.on('accepted', () => setImmediate(() => node.chain.produce()));
      const dataDir = ['--data-dir', directory];
      for (const [name, { seed }] of Object.entries(KEYS)) {
        await runCli(['keys', 'import', name, '--seed-file', '-', '--plain', ...dataDir], { stdin: toHex(seed) });
      }
      const rpc = ['--rpc', node.http, '--json'];
      const send: Shell['send'] = (from, ...args) => runCli([...args, '--from', from, '--wait', ...rpc, ...dataDir]);
      await use({
        node,
        send,
        read: async (...args) => parsed(await runCli([...args, ...rpc])),
        sent: async (from, ...args) => parsed(await send(from, ...args)),
      });
    }),
  );
}

function parsed({ code, stdout, stderr }: CliResult): unknown {
  assert.is(code, EXIT.ok, stderr);
  return JSON.parse(stdout);
}

/** What a failed command says. */
function failure({ code, stderr }: CliResult): string {
  assert.is(code, EXIT.refused, stderr);
  return JSON.parse(stderr).error.code;
}

const chain = suite('commands on a chain');

chain('a validator registers, is staked on, changes its key, and its delegators leave', () =>
  withShell(async ({ node, read, send, sent }) => {
    const ALICE = addressText(alice);
    const register = ['validator', 'register', '--consensus-key', 'voter', '--commission', '10%'];
    assert.is(failure(await send('alice', ...register, '--self-bond', '99')), 'STAKE_TOO_SMALL');
    assert.is(failure(await send('bob', 'stake', ALICE, '50')), 'UNKNOWN_VALIDATOR');
    await sent('alice', ...register, '--self-bond', '150');
    assert.is(failure(await send('alice', ...register, '--self-bond', '150')), 'ALREADY_REGISTERED');
    await sent('bob', 'stake', ALICE, '50');
    node.chain.produce();
    const seated = await read('validator', 'info', ALICE);
    assert.equal([seated.public_key, seated.weight, seated.commission], [toHex(key(15).publicKey), 100_000, 100_000]);

    const taken = ['validator', 'update', '--consensus-key', 'voter'];
    assert.is(failure(await send('alice', ...taken)), 'KEY_ALREADY_USED');
    await sent('alice', 'validator', 'update', '--consensus-key', 'voter2', '--commission', '20%');
    const changed = await read('validator', 'info', ALICE);
    assert.equal(
      [changed.public_key, changed.next.public_key],
      [key(15), key(16)].map((one) => toHex(one.publicKey)),
    );
    assert.is(failure(await send('alice', 'validator', 'unjail')), 'NOT_JAILED');

    assert.is(failure(await send('bob', 'unstake', ALICE, '51')), 'INSUFFICIENT_STAKE');
    await sent('bob', 'unstake', ALICE, 'all');
    const stakes = await read('account', 'stakes', addressText(bob));
    assert.equal([stakes.staked, stakes.delegations], ['0', []]);
    assert.ok(BigInt(stakes.unbonding) >= 50n * AIT);
    assert.is((await read('account', 'show', addressText(bob))).unbonding, stakes.unbonding);
  }),
);

chain('validators vote a change of parameters in', () =>
  withShell(async ({ node, read, send, sent }) => {
    const propose = ['governance', 'propose', 'set-parameters', 'min_stake=2AIT', 'authority_share=34%'];
    assert.is(failure(await send('alice', ...propose)), 'NOT_ALLOWED');
    const { proposal } = await sent('authority', ...propose);
    assert.is(proposal, 1);
    assert.is(failure(await send('rich', 'governance', 'vote', '2', 'yes')), 'UNKNOWN_PROPOSAL');
    for (const from of ['authority', 'second', 'rich'] as const) {
      await sent(from, 'governance', 'vote', String(proposal), 'yes');
    }
    node.chain.produce(5);
    assert.is((await read('governance', 'show', '1')).status, 'APPLIED');
    const { parameters } = await read('governance', 'params');
    assert.equal([parameters.min_stake, parameters.authority_share], ['2000000000', 340_000]);
    assert.is(failure(await send('rich', 'governance', 'vote', '1', 'no')), 'PROPOSAL_CLOSED');
  }),
);

chain('who reports a contradiction is paid for it, once', () => {
  const evidence = doubleVote(rich, 3);
  const record = { id: evidenceId(evidence), kind: 'TWO_FINAL', evidence } as const;
  const consensus = { ...CONSENSUS, evidence: { size: 1, list: () => [record] } };
  return withShell(
    async ({ node, read, send, sent }) => {
      const before = BigInt((await read('account', 'show', addressText(bob))).balance);
      await sent('bob', 'validator', 'report', toHex(record.id));
      const fee = node.chain.blocks[1]?.receipts[0]?.fee ?? 0n;
      const after = BigInt((await read('account', 'show', addressText(bob))).balance);
      // 5 % of 5 % of 600 AIT.
      assert.is(after - before + fee, (600n * AIT) / 400n);
      assert.is((await read('validator', 'info', addressText(rich))).status, 'TOMBSTONED');
      assert.is(failure(await send('alice', 'validator', 'report', toHex(record.id))), 'ALREADY_PUNISHED');
      assert.is(failure(await send('alice', 'stake', addressText(rich), '5')), 'TOMBSTONED');
    },
    { consensus },
  );
});

chain.run();
