import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { loadGenesis } from '../../src/node/genesis-file.ts';
import { addressOf, formatAddress } from '../../src/primitives/address.ts';
import { fromHex, toHex } from '../../src/primitives/bytes.ts';
import { publicKeyOf } from '../../src/primitives/ed25519.ts';
import { withTempDir } from '../helpers/temp-dir.ts';
import { runCli, runJson } from './run-cli.ts';

const genesis = suite('genesis and init');
const KEYS = [1, 2, 3, 4, 5, 6].map((number) => toHex(publicKeyOf(new Uint8Array(32).fill(number))));
const ACCOUNT = 'ait1dvlw5gz0yl3v05ysv57ucvd0v2ffm7cefzk0uv';

function create(out: string, ...more: string[]): string[] {
  const authorities = KEYS.slice(0, 4).flatMap((key) => ['--authority', key]);
  return [
    'genesis',
    'create',
    '--chain-id',
    'ait-test',
    ...authorities,
    '--account',
    `${ACCOUNT}:1.5`,
    '--out',
    out,
    ...more,
  ];
}

genesis('what create writes passes check and is what was asked for', async () => {
  await withTempDir(async (directory) => {
    const out = join(directory, 'genesis.json');
    const made = await runJson(create(out, '--block-time', '500ms', '--time', '2026-01-31T12:00:00Z'));
    const checked = await runJson(['genesis', 'check', out]);
    const { validators, ...judged } = checked as { validators: { weight: number }[] };
    assert.equal(judged, { valid: true, genesis_hash: made.genesis_hash, findings: [] });
    assert.equal(
      validators.map(({ weight }) => weight),
      [1, 1, 1, 1],
    );
    const { genesis: loaded } = await loadGenesis(out);
    assert.is(loaded.parameters.blockTime, 500);
    assert.is(loaded.parameters.timerCap, 8 * (500 + 3 * 1000 + 500));
    assert.is(loaded.genesisTime, Date.UTC(2026, 0, 31, 12));
    assert.is(loaded.mode, 0);
    assert.is(loaded.authorities.length, 4);
    assert.is(loaded.parameters.minValidators, 3);
    assert.is(loaded.accounts[0]?.balance, 1_500_000_000n);
  });
});

genesis('create refuses what can not be, and writes nothing', async () => {
  await withTempDir(async (directory) => {
    const out = join(directory, 'genesis.json');
    const cases: [args: string[], code: number, message: RegExp][] = [
      [['--authority', 'abc'], EXIT.usage, /--authority: "abc"[\s\S]*64 lower-case hex/],
      [['--stake', String(KEYS[0])], EXIT.usage, /--stake: [\s\S]*<amount in AIT>/],
      [['--stake', `${KEYS[0]}:many`], EXIT.usage, /--stake: [\s\S]*an amount is written like/],
      [['--stake', `${KEYS[0]}:1:half`], EXIT.usage, /--stake: [\s\S]*a share is written like "5%"/],
      [['--stake', `${KEYS[4]}:20000`], EXIT.config, /stakers: must be empty: mode poa knows only authorities/],
      [['--mode', 'pow'], EXIT.usage, /--mode: "pow"[\s\S]*poa, pos, hybrid/],
      [['--authority-share', '0.7'], EXIT.usage, /--authority-share: "0.7"[\s\S]*like "5%"/],
      [['--unbonding-period', '100h'], EXIT.config, /unbonding_period: must be at least \d+: 2 × evidence_window/],
      [['--account', 'ait1abc:1'], EXIT.usage, /checksum/],
      [['--account', `${ACCOUNT}:-1`], EXIT.usage, /an amount is written like/],
      [['--account', `${ACCOUNT}:1`], EXIT.config, /accounts\.1\.address: .* is already accounts\.0/],
      [['--block-time', '5'], EXIT.usage, /--block-time: "5"/],
      [['--timer-cap', '1s'], EXIT.config, /parameters\.timer_cap: must be at least/],
      [['--min-validators', '5'], EXIT.config, /parameters\.min_validators: must be at most 4, .* name more/],
      [['--min-fee', '1.5'], EXIT.usage, /--min-fee/],
      [['--time', 'tomorrow'], EXIT.usage, /ISO 8601/],
    ];
    for (const [args, code, message] of cases) {
      const result = await runCli(create(out, ...args));
      assert.is(result.code, code, args.join(' '));
      assert.match(result.stderr, message);
      await readFile(out).then(
        () => assert.unreachable('nothing may be written'),
        (error: NodeJS.ErrnoException) => assert.is(error.code, 'ENOENT'),
      );
    }
  });
});

genesis('check explains what is wrong and exits with a code of its own', async () => {
  await withTempDir(async (directory) => {
    const file = join(directory, 'genesis.json');
    await runJson(create(file));
    await writeFile(file, (await readFile(file, 'utf8')).replace('"max_stakers": 100', '"max_stakers": 0'));
    const { code, stderr } = await runCli(['genesis', 'check', file]);
    assert.is(code, EXIT.checkFailed);
    assert.match(stderr, /parameters\.max_stakers: must be from 1 to/);
  });
});

genesis('a validator of a network of its own: keys, genesis, init', async () => {
  await withTempDir(async (directory) => {
    const dataDir = join(directory, 'node');
    const at = ['--data-dir', dataDir];
    const { public_key } = await runJson(['keys', 'new', 'seat', '--plain', ...at]);
    const file = join(directory, 'genesis.json');
    await runJson(['genesis', 'create', '--chain-id', 'ait-mine', '--authority', String(public_key), '--out', file]);
    const init = ['init', '--network', 'mine', '--genesis-file', file, '--validator', 'seat', ...at];
    await runJson(init);
    const { settings } = (await runJson(['config', 'show', ...at])) as { settings: { key: string; value: string }[] };
    const value = (key: string) => settings.find((setting) => setting.key === key)?.value;
    assert.is(value('network'), 'mine');
    assert.is(value('validator_key'), 'seat');
    assert.is(value('genesis_file'), join(dataDir, 'genesis.json'));
    const again = await runCli(init);
    assert.is(again.code, EXIT.data);
    assert.match(again.stderr, /never overwritten/);
  });
});

genesis('a hybrid network: authorities, and stakers whose accounts pay their self-bonds', async () => {
  await withTempDir(async (directory) => {
    const out = join(directory, 'genesis.json');
    const [authority, staker] = KEYS as [string, string];
    const address = formatAddress(addressOf(fromHex(staker)));
    const args = ['genesis', 'create', '--chain-id', 'ait-both', '--mode', 'hybrid', '--authority', authority];
    const bonded = [...args, '--stake', `${staker}:20000:2.5%`, '--out', out];
    const poor = await runCli([...bonded, '--account', `${address}:19999`]);
    assert.is(poor.code, EXIT.config);
    assert.match(poor.stderr, /stakers\.0\.self_bond: is 20000 AIT, but the account of ait1\w+ has 19999 AIT/);
    await runJson([...bonded, '--account', `${address}:30000`, '--authority-share', '34%', '--min-validators', '1']);
    const { genesis: loaded } = await loadGenesis(out);
    assert.is(loaded.mode, 2);
    assert.is(loaded.parameters.authorityShare, 340_000);
    const { stdout } = await runCli(['genesis', 'check', out]);
    // 2 % of the target are bonded: stakers hold as much of their 66 %.
    assert.match(stdout, new RegExp(`${address} +13200\\n`));
    assert.match(stdout, /warning: authorities\.0: ait1\w+ holds 98\.7 %: it decides alone/);
    const [one] = loaded.stakers;
    assert.is(one && toHex(one.publicKey), staker);
    assert.is(one?.commission, 25_000);
    assert.is(one?.selfBond, 20_000_000_000_000n);
  });
});

genesis('init takes a key that has no seat yet', async () => {
  await withTempDir(async (directory) => {
    const file = join(directory, 'genesis.json');
    await runJson(create(file));
    const at = ['--data-dir', join(directory, 'node')];
    await runJson(['keys', 'new', 'newcomer', '--plain', ...at]);
    await runJson(['init', '--network', 'x', '--genesis-file', file, '--validator', 'newcomer', ...at]);
  });
});

genesis('init of a network that does not exist says so', async () => {
  await withTempDir(async (directory) => {
    const { code, stderr } = await runCli(['init', '--network', 'testnet', '--data-dir', join(directory, 'node')]);
    assert.is(code, EXIT.config);
    assert.match(stderr, /no public network exists yet/);
  });
});

genesis.run();
