// Four validators far apart, over links that lose packets: they go on, agree, and finality costs few of the links' delays.

import * as assert from 'uvu/assert';
import { percentile } from '../../src/cli/bench/statistics.ts';
import { baseTimeout } from '../../src/primitives/parameters.ts';
import { describe, measureFinality } from '../e2e/harness/finality.ts';
import { assertKept, Load, underLoad } from '../e2e/harness/load.ts';
import { eventually } from '../e2e/harness/wait.ts';
import { Wallet } from '../e2e/harness/wallet.ts';
import { HostedNetwork } from './hosted-network.ts';
import type { Link } from './links.ts';
import { HostSuite } from './namespaces.ts';
import { report } from './size.ts';

const USERS = 8;
const LOSS = 0.02;
const FAR = { delay: 100, jitter: 25 };
const PER_SECOND = 5;
const TRANSFERS = Number(process.env.TRANSFERS ?? 300);
/** Each in one direction. */
const LINKS = 4 * 3;
/** One for each transfer that may be under way, so that none waits for another's nonce. */
const WALLETS = 60;
const SOME_BLOCKS = 20;

const weather = new HostSuite('weather', import.meta.url);
let network: HostedNetwork;
let wallets: Wallet[];

weather.around(
  async () => {
    network = await HostedNetwork.start(4);
    wallets = await network.users(WALLETS);
  },
  () => network.close(),
);

weather.long('2 % of the packets are lost: the four go on under load and agree', async () => {
  await network.hosts.setAll({ loss: LOSS });
  const receiver = new Wallet(network.genesisHash).address;
  await underLoad(new Load(network.nodes, wallets.slice(0, USERS), receiver), async (load) => {
    await eventually('transfers run', () => load.finalized.size > 4 * USERS);
    await network.progress(SOME_BLOCKS);
    await load.stop();
    const { passed, lost } = await network.hosts.setAll({});
    assert.ok(lost > 0, 'packets were lost');
    report(`${lost} of ${lost + passed} packets lost under load, ${load.finalized.size} transfers finalized meanwhile`);
    await network.assertOneChain();
    for (const { rpc } of network.nodes) await assertKept(load.finalized, rpc);
  });
});

weather.long('100 ± 25 ms away from each other and 2 % lost: finality within a few delays', async () => {
  const climates: [string, Partial<Link>][] = [
    ['links as they are', {}],
    ['100 ± 25 ms one way', FAR],
    ['100 ± 25 ms one way, 2 % lost', { ...FAR, loss: LOSS }],
  ];
  for (const [name, link] of climates) {
    await network.hosts.setAll(link);
    // what was under way when the links changed
    await network.progress(2 * network.nodes.length);
    await network.hosts.setAll(link);
    const finality = await measureFinality(network.nodes, wallets, { count: TRANSFERS, perSecond: PER_SECOND });
    const { passed, lost, milliseconds } = await network.hosts.setAll(link);
    const packets = ((passed + lost) * PER_SECOND) / TRANSFERS / LINKS;
    const delay = milliseconds / passed;
    report(
      `${name}: ${describe(finality)}; ${packets.toFixed(1)} packets a second on each link, ${delay.toFixed(0)} ms under way on average`,
    );
    const usual = percentile(finality.blocks, 0.5);
    assert.ok(usual <= baseTimeout(network.genesis.parameters), `no slot needs its timer, ${usual} ms`);
  }
  await network.hosts.setAll({});
  await network.progress(1);
  await network.assertOneChain();
});

weather.run();
