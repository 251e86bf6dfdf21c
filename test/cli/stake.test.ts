// `stake`, `unstake` and `account stakes`.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { parseAddress } from '../../src/primitives/address.ts';
import type { StakeView } from '../../src/rpc/handlers/stake.ts';
import { sentBy, withServer } from './fake-node.ts';
import { runCli } from './run-cli.ts';

const stake = suite('stake commands');
const BOB = 'ait1dvlw5gz0yl3v05ysv57ucvd0v2ffm7cefzk0uv';
const validator = parseAddress(BOB);

stake('stake and unstake name validator and units; all is zero', async () => {
  const actionOf = async (...args: string[]) => (await sentBy(args)).signed.transaction.action;
  assert.equal(await actionOf('stake', BOB, '2.5'), { selector: 4, value: { validator, amount: 2_500_000_000n } });
  assert.equal(await actionOf('unstake', BOB, '1'), { selector: 5, value: { validator, amount: 1_000_000_000n } });
  assert.equal(await actionOf('unstake', BOB, 'all'), { selector: 5, value: { validator, amount: 0n } });
});

stake('zero is no amount: unstaking everything is asked for by name', async () => {
  for (const args of [
    ['stake', BOB, '0'],
    ['unstake', BOB, '0'],
    ['stake', BOB, 'all'],
  ]) {
    const { code } = await runCli([...args, '--from', 'alice', '--rpc', 'http://127.0.0.1:1']);
    assert.is(code, EXIT.usage, args.join(' '));
  }
});

stake('account stakes shows what is where, and when it is paid', async () => {
  const answer: StakeView = {
    address: BOB,
    staked: '1500000000',
    unbonding: '300000000',
    delegations: [{ validator: BOB, shares: '7', amount: '1500000000' }],
    unbonding_entries: [
      { validator: BOB, epoch: 3, shares: '1', amount: '100000000', due: 0 },
      { validator: BOB, epoch: 4, shares: '2', amount: '200000000', due: null },
    ],
    height: 9,
  };
  await withServer(
    (path) => [200, path === `/rpc/stake/${BOB}` ? answer : {}],
    async (url) => {
      const { stdout } = await runCli(['account', 'stakes', BOB, '--rpc', url]);
      assert.match(stdout, new RegExp(`^staked +1\\.5 AIT\\n +on +${BOB} {2}1\\.5 AIT\\nunbonding +0\\.3 AIT$`, 'm'));
      assert.match(stdout, /0\.1 AIT {2}paid from 1970-01-01T00:00:00\.000Z on$/m);
      assert.match(stdout, /0\.2 AIT {2}the unbonding period after epoch 4 has ended$/m);
    },
  );
});

stake.run();
