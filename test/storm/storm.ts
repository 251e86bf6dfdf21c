// A storm: validators as real processes, round after round of faults while clients write and read, quiet after each round
// until everyone is back, and the checker's verdict at the end.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatAddress } from '../../src/primitives/address.ts';
import { TestDevnet } from '../e2e/harness/devnet.ts';
import { eventually, PATIENCE_MS } from '../e2e/harness/wait.ts';
import { fundWallets, publishedWallet } from '../e2e/harness/wallet.ts';
import { withTimeout } from '../helpers/timeout.ts';
import { Random } from '../sim/random.ts';
import { type Evidence, violations } from './checker.ts';
import { describe, drawRound, type Fault } from './faults.ts';
import { Onlookers } from './onlookers.ts';
import { addressesIn, servedBlocks, servedChain } from './served.ts';
import { Victim } from './victim.ts';

export interface StormOptions {
  readonly validators: number;
  readonly seed: number;
  /** no round begins after this time */
  readonly seconds: number;
  /** hears the story as it happens */
  readonly tell: (line: string) => void;
}

export interface StormResult {
  readonly rounds: number;
  /** by kind; a fault of several nodes counts for each of them */
  readonly faults: Readonly<Record<string, number>>;
  readonly clients: Onlookers['totals'];
  readonly observations: number;
  /** of the chain on which all nodes agree in the end */
  readonly height: number;
  readonly transactions: number;
  /** the longest that it took after a round until every node was ready and every user had paid again, ms */
  readonly slowestRecovery: number;
}

/** What went wrong, and where the nodes' files and logs are kept. */
export class StormFailure extends Error {
  override readonly name = 'StormFailure';
  readonly directory: string;

  constructor(directory: string, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.directory = directory;
  }
}

const USERS = 8;
const GRANT = 1_000_000_000n;
/** Short, since patience with a leader grows with it. */
const BLOCK_TIME_MS = 250;
const SHOWN_VIOLATIONS = 10;

/** @throws {StormFailure} */
export async function storm(options: StormOptions): Promise<StormResult> {
  const devnet = await TestDevnet.create(options.validators, BLOCK_TIME_MS);
  const deaths = new AbortController();
  const victims = devnet.nodes.map((node, index) => new Victim(index, node, (error) => deaths.abort(error)));
  try {
    const result = await rage(devnet, victims, options, deaths.signal);
    await devnet.close();
    return result;
  } catch (error) {
    await Promise.all(victims.map((victim) => victim.end()));
    throw new StormFailure(devnet.directory, error);
  }
}

/** @param deaths aborts when a node ends by itself */
async function rage(
  devnet: TestDevnet,
  victims: readonly Victim[],
  { validators, seed, seconds, tell }: StormOptions,
  deaths: AbortSignal,
): Promise<StormResult> {
  const death = rejected(deaths);
  const unlessOneDies = <T>(work: Promise<T>) => Promise.race([work, death]);
  await unlessOneDies(Promise.all(victims.map((victim) => victim.start())));
  await unlessOneDies(allReady(victims));
  const { rpc } = devnet.node(0);
  const alice = await publishedWallet('alice', devnet.genesisHash, rpc);
  const wallets = await fundWallets(rpc, devnet.genesisHash, alice, USERS, GRANT);
  const onlookers = new Onlookers(victims, wallets, new Random(seed + 1));
  const random = new Random(seed);
  const faults: Record<string, number> = {};
  const end = performance.now() + seconds * 1000;
  let [rounds, slowestRecovery] = [0, 0];
  try {
    onlookers.start();
    for (; performance.now() < end; rounds++) {
      const round = drawRound(random, validators, rounds);
      for (const fault of round.faults) tell(`round ${rounds}: ${describe(fault)}`);
      await unlessOneDies(Promise.all(round.faults.map((fault) => strike(fault, victims, faults))));
      const before = onlookers.totals.transfers;
      const recovery = await unlessOneDies(recovered(victims, onlookers));
      slowestRecovery = Math.max(slowestRecovery, recovery);
      const paid = onlookers.totals.transfers;
      tell(`round ${rounds}: all is well ${(recovery / 1000).toFixed(1)} s later; transfers: ${before}, now ${paid}`);
    }
    await unlessOneDies(withTimeout(onlookers.stop(), PATIENCE_MS, 'the last transfers are finalized'));
  } finally {
    onlookers.abandon();
  }
  const evidence = await collect(devnet, victims, onlookers);
  await judge(evidence, devnet);
  faults['starts cut short by a kill'] = victims.reduce((sum, { starts }) => sum + starts.cutShort, 0);
  const blocks = evidence.chains[0]?.blocks ?? [];
  return {
    rounds,
    faults,
    clients: onlookers.totals,
    observations: onlookers.observations.length,
    height: blocks.length,
    transactions: blocks.reduce((sum, { transactions }) => sum + transactions.length, 0),
    slowestRecovery,
  };
}

/** Resolves when the fault is over: what was killed listens again, unless another fault has it. */
async function strike(fault: Fault, victims: readonly Victim[], counts: Record<string, number>): Promise<void> {
  await sleep(fault.at);
  const struck = victims.filter(({ index }) => fault.nodes.includes(index));
  const count = (name: string, times = 1) => {
    counts[name] = (counts[name] ?? 0) + times * struck.length;
  };
  switch (fault.kind) {
    case 'kill': {
      const { wiped, away } = fault;
      count('SIGKILL');
      if (wiped !== 'nothing') count(`${wiped} wiped`);
      await Promise.all(struck.map((victim, place) => victim.kill(away[place] ?? 0, wiped)));
      return;
    }
    case 'freeze':
      count('SIGSTOP');
      await Promise.all(struck.map((victim) => victim.freeze(fault.during)));
      return;
    case 'clock': {
      const [first, second] = fault.offsets;
      count('clock jump', second === 0 ? 2 : 3);
      for (const { clock } of struck) clock.set(first);
      await sleep(fault.during);
      for (const { clock } of struck) clock.set(second);
      await sleep(fault.during);
      for (const { clock } of struck) clock.set(0);
    }
  }
}

/** @returns after how many ms every node was ready at the height of the others and every user could pay again. */
async function recovered(victims: readonly Victim[], { totals }: Onlookers): Promise<number> {
  const start = performance.now();
  const before = totals.transfers;
  await allReady(victims);
  await allAt(await highest(victims), victims);
  await eventually('transfers are finalized again', () => totals.transfers >= before + 2 * USERS);
  return performance.now() - start;
}

async function highest(victims: readonly Victim[]): Promise<number> {
  const heights = victims.map(({ index, rpc }) => eventually(`node ${index} tells its head`, () => rpc.height()));
  return Math.max(...(await Promise.all(heights)));
}

async function allAt(height: number, victims: readonly Victim[]): Promise<void> {
  await Promise.all(
    victims.map(({ index, rpc }) =>
      eventually(`node ${index} comes to height ${height}`, async () => (await rpc.height()) >= height),
    ),
  );
}

async function allReady(victims: readonly Victim[]): Promise<void> {
  await Promise.all(victims.map(({ index, rpc }) => eventually(`node ${index} is ready`, () => rpc.isReady())));
}

/** What every node serves when the clients have gone: the chain up to a height that none of them has seen more of. */
async function collect(devnet: TestDevnet, victims: readonly Victim[], onlookers: Onlookers): Promise<Evidence> {
  const genesis = new Map(
    devnet.genesis.accounts.map(({ address, balance }) => [formatAddress(address), balance] as const),
  );
  const end = await highest(victims);
  await allAt(end, victims);
  const served = await Promise.all(
    victims.map(async (victim) => ({ victim, blocks: await servedBlocks(victim, end) })),
  );
  const addresses = new Set([...genesis.keys(), ...served.flatMap(({ blocks }) => addressesIn(blocks))]);
  const chains = await Promise.all(served.map(({ victim, blocks }) => servedChain(victim, blocks, [...addresses])));
  return { genesis, observations: onlookers.observations, chains };
}

/** @throws when a rule is broken; then what the clients saw is kept beside the nodes' directories. */
async function judge(evidence: Evidence, { directory }: TestDevnet): Promise<void> {
  const found = violations(evidence);
  if (found.length === 0) return;
  const seen = evidence.observations.map((observation) => `${JSON.stringify(observation)}\n`);
  await writeFile(join(directory, 'observations.jsonl'), seen);
  const shown = found.slice(0, SHOWN_VIOLATIONS).map(({ rule, detail }) => `${rule}: ${detail}`);
  throw new Error([`${found.length} violations, the first of them:`, ...shown].join('\n  '));
}

function rejected(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const fail = () => reject(signal.reason);
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail, { once: true });
  });
}
