// `governance …`: what is proposed and voted, and how what a node says of it is shown.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { parseAddress } from '../../src/primitives/address.ts';
import { fromHex } from '../../src/primitives/bytes.ts';
import { toJson } from '../../src/primitives/json.ts';
import { PARAMETER_NAMES, type ParameterName, Parameters } from '../../src/primitives/parameters.ts';
import type { GovernanceView, ProposalAnswer } from '../../src/rpc/handlers/governance.ts';
import { chain, genesis, sentBy, withAlice, withServer } from './fake-node.ts';
import { runCli } from './run-cli.ts';

const governance = suite('governance commands');
const ALICE = 'ait1rsaplx0fp6l70p5d7as32p570e458fjlse9pwc';
const BOB = 'ait1dvlw5gz0yl3v05ysv57ucvd0v2ffm7cefzk0uv';
const KEY = '5f'.repeat(32);

function numberOf(name: ParameterName): number {
  return PARAMETER_NAMES.indexOf(name);
}

async function proposed(...args: string[]) {
  const { action } = (await sentBy(['governance', 'propose', ...args])).signed.transaction;
  assert.is(action.selector, 8);
  return action.value;
}

governance('propose: authorities and versions, for the next epoch or a named one', async () => {
  const address = parseAddress(BOB);
  assert.equal(await proposed('add-authority', BOB, KEY), {
    epoch: 0,
    change: { selector: 0, value: { address, publicKey: fromHex(KEY) } },
  });
  assert.equal(await proposed('remove-authority', BOB, '--epoch', '40'), {
    epoch: 40,
    change: { selector: 1, value: { address } },
  });
  assert.equal(await proposed('upgrade', '2', '--epoch', '41'), {
    epoch: 41,
    change: { selector: 3, value: { protocolVersion: 2 } },
  });
});

governance('propose set-parameters: in own units or named ones', async () => {
  const { votingPeriod, blockTime } = genesis.parameters;
  const texts = [
    `voting_period=${votingPeriod + 1000}`,
    'min_stake=0.5AIT',
    'authority_share=34%',
    'max_stakers=7',
    'max_block_bytes=1MiB',
    `min_block_interval=${blockTime}ms`,
    'fee_per_byte=3',
  ];
  assert.equal(await proposed('set-parameters', ...texts), {
    epoch: 0,
    change: {
      selector: 2,
      value: {
        changes: [
          { parameter: numberOf('votingPeriod'), value: BigInt(votingPeriod + 1000) },
          { parameter: numberOf('minStake'), value: 500_000_000n },
          { parameter: numberOf('authorityShare'), value: 340_000n },
          { parameter: numberOf('maxStakers'), value: 7n },
          { parameter: numberOf('maxBlockBytes'), value: 1_048_576n },
          { parameter: numberOf('minBlockInterval'), value: BigInt(blockTime) },
          { parameter: numberOf('feePerByte'), value: 3n },
        ],
      },
    },
  });
});

governance('propose tells the number of the proposal when it is final', async () => {
  const open = [
    { id: 6, proposer: BOB },
    { id: 5, proposer: ALICE },
    { id: 4, proposer: ALICE },
  ];
  const reads = { '/rpc/governance?limit=100': { open } };
  const args = ['governance', 'propose', 'remove-authority', BOB];
  assert.is((await sentBy([...args, '--wait'], reads)).result.proposal, 5);
  assert.is((await sentBy(args, reads)).result.proposal, undefined);
});

governance('vote', async () => {
  const yes = (await sentBy(['governance', 'vote', '3', 'yes'])).signed.transaction.action;
  assert.equal(yes, { selector: 9, value: { proposal: 3, choice: 1 } });
  const no = (await sentBy(['governance', 'vote', '3', 'no'])).signed.transaction.action;
  assert.equal(no, { selector: 9, value: { proposal: 3, choice: 0 } });
});

governance('what is mistyped is refused with what is allowed, and nothing is sent', async () => {
  const cases: [args: string[], message: RegExp][] = [
    [['vote', '0', 'yes'], /whole number from 1/],
    [['vote', '3', 'maybe'], /write yes or no/],
    [['propose', 'add-authority', BOB, 'abc'], /64 lower-case hex digits/],
    [['propose', 'remove-authority', `${BOB.slice(0, -1)}q`], /checksum/],
    [['propose', 'upgrade', '2', '--epoch', '0'], /whole number from 1/],
    [['propose', 'upgrade', '65536'], /from 1 to 65535/],
    [['propose', 'set-parameters', 'speed=9'], /the names are min_fee, .*epoch_reward/],
    [['propose', 'set-parameters', 'minFee=9'], /the names are/],
    [['propose', 'set-parameters', 'min_fee'], /name=value/],
    [['propose', 'set-parameters', 'min_fee=1s'], /units of 10⁻⁹ AIT\), or like 1\.5AIT/],
    [['propose', 'set-parameters', 'epoch_duration=1.5h'], /\(ms\), or like 30s/],
    [['propose', 'set-parameters', 'authority_share=101%'], /millionths/],
    [['propose', 'set-parameters', 'min_fee=1', 'min_fee=2'], /min_fee is set twice/],
    [['propose', 'set-parameters', 'authority_share=2000000'], /authority_share must be from 0 to 1000000/],
    [['propose', 'set-parameters', 'unbonding_period=1'], /unbonding_period must be at least \d+: 2 × evidence_window/],
  ];
  const answer = chain((path) => {
    throw new Error(`${path} was asked`);
  });
  await withAlice((dataDir) =>
    withServer(answer, async (url) => {
      for (const [args, message] of cases) {
        const { code, stderr } = await runCli(['governance', ...args, '--from', 'alice', '--rpc', url, ...dataDir]);
        assert.is(code, EXIT.usage, args.join(' '));
        assert.match(stderr, message);
      }
    }),
  );
});

const PROPOSAL: ProposalAnswer = {
  id: 3,
  proposer: BOB,
  change: { type: 'SET_PARAMETERS', changes: [{ parameter: 'min_fee', value: '9' }] },
  epoch: 0,
  expires: 3_600_000,
  status: 'OPEN',
  tally: {
    yes: 600_000,
    no: 100_000,
    total_weight: 1_000_000,
    needed: 666_667,
    classes: [{ role: 'AUTHORITY', yes: 500_000, total_weight: 500_000, needed: 250_000 }],
  },
  votes: [{ voter: ALICE, choice: 'YES' }],
  height: 7,
};

governance('list and show say how the votes stand', async () => {
  const { votes: _votes, height, ...open } = PROPOSAL;
  const closed = { ...open, id: 2, status: 'APPLIED', tally: null } as const;
  const list: GovernanceView = { epoch: 4, open: [open], next_open: 3, closed: [closed], next: 2, height };
  const answer = (path: string): [number, unknown] => [200, path === '/rpc/governance' ? list : PROPOSAL];
  await withServer(answer, async (url) => {
    const show = (await runCli(['governance', 'show', '3', '--rpc', url])).stdout;
    for (const line of [
      /^status +OPEN until 1970-01-01T01:00:00\.000Z$/m,
      /^sets +min_fee = 9 {2}\(0\.000000009 AIT\)$/m,
      /^takes effect +with the epoch after it passes$/m,
      /^votes +600000 yes, 100000 no of 1000000; 666667 yes needed$/m,
      /^ {2}authority +500000 yes of 500000; 250000 needed$/m,
      new RegExp(`^yes +${ALICE}$`, 'm'),
    ]) {
      assert.match(show, line);
    }
    const { stdout } = await runCli(['governance', 'list', '--rpc', url]);
    assert.equal(
      stdout.match(/^proposal +\d+$/gm)?.map((line) => line.slice(-1)),
      ['3', '2'],
    );
    assert.match(stdout, /^status +APPLIED$/m);
    assert.match(stdout, /^older open ones: \/rpc\/governance\?open_before=3$/m);
  });
});

governance('params shows every parameter in its own unit, and for people', async () => {
  const view = { epoch: 4, mode: 'poa', protocol_version: 1, parameters: toJson(Parameters, genesis.parameters) };
  await withServer(
    () => [200, view],
    async (url) => {
      const { stdout } = await runCli(['governance', 'params', '--rpc', url]);
      assert.is(stdout.trim().split('\n').length, 3 + PARAMETER_NAMES.length);
      assert.match(stdout, /^message_delay +250 {2}\(250ms\)$/m);
      assert.match(stdout, /^max_block_bytes +\d+ {2}\(.+\)$/m);
      assert.match(stdout, /^max_stakers +\d+$/m);
    },
  );
});

governance.run();
