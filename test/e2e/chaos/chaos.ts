import { setTimeout as sleep } from 'node:timers/promises';
import { TestDevnet } from '../harness/devnet.ts';
import { assertKept, Load } from '../harness/load.ts';
import { eventually } from '../harness/wait.ts';
import { fundWallets, publishedWallet, Wallet } from '../harness/wallet.ts';
const N = Number(process.env.N ?? 4), SECONDS = Number(process.env.SECONDS ?? 120);
const devnet = await TestDevnet.create(N, Number(process.env.BT ?? 250));
let load: Load | undefined;
try {
  await devnet.start();
  const { rpc } = devnet.node(0);
  const alice = await publishedWallet('alice', devnet.genesisHash, rpc);
  const users = await fundWallets(rpc, devnet.genesisHash, alice, 10, 1_000_000_000n);
  const receiver = new Wallet(devnet.genesisHash).address;
  load = new Load(devnet.nodes, users, receiver);
  const end = Date.now() + SECONDS * 1000;
  const up = new Set(devnet.nodes.map((_, i) => i));
  let kills = 0;
  const starting = new Map<number, Promise<unknown>>();
  while (Date.now() < end) {
    await sleep(Math.random() * 3000);
    const i = Math.floor(Math.random() * N);
    const node = devnet.node(i);
    if (up.has(i)) { up.delete(i); kills++; await node.kill(); await starting.get(i); if (Math.random() < 0.3) { const j = (i + 1) % N; if (up.delete(j)) { kills++; await devnet.node(j).kill(); await starting.get(j);} } }
    else { up.add(i); starting.set(i, node.start().catch(() => undefined)); }
  }
  for (let i = 0; i < N; i++) if (!up.has(i)) starting.set(i, node_start(i));
  await Promise.all(starting.values());
  for (const n of devnet.nodes) await n.ready();
  const before = load.finalized.size;
  await eventually('goes on', () => load!.finalized.size > before + 20, 120_000);
  await load.stop();
  const h = await devnet.node(0).rpc.height();
  for (let k = 1; k <= h; k++) await devnet.agreeAt(k);
  for (const n of devnet.nodes) await assertKept(load.finalized, n.rpc);
  console.log('ok', { kills, height: h, finalized: load.finalized.size });
} finally {
  load?.abandon();
  await devnet.close();
}
function node_start(i: number) { return devnet.node(i).start(); }
