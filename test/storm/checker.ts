// Judges a storm from the outside: from what its clients wrote down while it raged and from what every node serves
// afterwards. It imports nothing of the node, knows nothing of consensus, and computes balances by itself.
//
// A node whose database was wiped begins a new generation: it may then tell lower heights than it did before, while it
// rebuilds, but never another block at any height.

interface Seen {
  readonly node: number;
  /** of the node's database, counted from 0 */
  readonly generation: number;
  /** when the question left; for what a node tells unasked, when it arrived. ms of the observer's own monotonic clock */
  readonly asked: number;
  /** when the answer was there */
  readonly at: number;
}

/** One thing that one node told a client. */
export type Observation = Seen &
  (
    | { readonly kind: 'block'; readonly height: number; readonly hash: string; readonly stateRoot: string }
    | { readonly kind: 'head'; readonly height: number; readonly hash: string; readonly stateRoot: string }
    | { readonly kind: 'final'; readonly transaction: string; readonly height: number; readonly hash: string }
    | {
        readonly kind: 'balance';
        readonly address: string;
        readonly balance: string;
        readonly nonce: number;
        readonly height: number;
      }
    /** asked for a transaction, the node knew of none that is final */
    | { readonly kind: 'absent'; readonly transaction: string }
  );

export interface ServedTransaction {
  readonly hash: string;
  readonly from: string;
  readonly nonce: number;
  readonly fee: string;
  /** of its receipt */
  readonly code: string;
  readonly outputs: readonly { readonly to: string; readonly amount: string }[];
}

export interface ServedBlock {
  readonly height: number;
  readonly hash: string;
  readonly parent: string;
  readonly stateRoot: string;
  readonly transactions: readonly ServedTransaction[];
}

/** What one node serves in the end, when all is quiet. */
export interface ServedChain {
  readonly node: number;
  /** from height 1 to its head */
  readonly blocks: readonly ServedBlock[];
  readonly balances: ReadonlyMap<string, { readonly balance: string; readonly nonce: number }>;
}

export interface Evidence {
  readonly genesis: ReadonlyMap<string, bigint>;
  readonly observations: readonly Observation[];
  readonly chains: readonly ServedChain[];
}

export const RULES = [
  'chain whole',
  'same end',
  'no fork',
  'final once everywhere',
  'never back',
  'nothing forgotten',
  'balances as of then',
  'supply conserved',
] as const;
export type Rule = (typeof RULES)[number];

export interface Violation {
  readonly rule: Rule;
  readonly detail: string;
}

/** @returns every violation, in the order of the rules. */
export function violations(evidence: Evidence): Violation[] {
  const ledger = replay(evidence);
  const findings: Record<Rule, Iterable<string>> = {
    'chain whole': chainWhole(evidence),
    'same end': sameEnd(evidence),
    'no fork': noFork(evidence),
    'final once everywhere': finalOnceEverywhere(evidence),
    'never back': neverBack(evidence),
    'nothing forgotten': nothingForgotten(evidence),
    'balances as of then': balancesAsOfThen(evidence, ledger),
    'supply conserved': supplyConserved(evidence, ledger),
  };
  return RULES.flatMap((rule) => [...findings[rule]].map((detail) => ({ rule, detail })));
}

/** Heights count up by one, each block names the one before it, and no transaction stands in two places. */
function* chainWhole({ chains }: Evidence): Generator<string> {
  for (const { node, blocks } of chains) {
    const places = new Map<string, number>();
    for (const [index, { height, parent, transactions }] of blocks.entries()) {
      if (height !== index + 1) yield `node ${node} serves height ${height} in place ${index + 1}`;
      const before = blocks[index - 1];
      if (before !== undefined && before.hash !== parent) yield `node ${node}: block ${height} has a foreign parent`;
      for (const { hash } of transactions) {
        const place = places.get(hash);
        if (place !== undefined) yield `node ${node}: transaction ${hash} is in blocks ${place} and ${height}`;
        places.set(hash, height);
      }
    }
  }
}

function* sameEnd({ chains }: Evidence): Generator<string> {
  const ends = chains.map(({ node, blocks }) => {
    const head = blocks.at(-1);
    return { node, end: `height ${blocks.length}, block ${head?.hash}, state ${head?.stateRoot}` };
  });
  for (const { node, end } of ends) {
    if (end !== ends[0]?.end) yield `node ${ends[0]?.node} is at ${ends[0]?.end}; node ${node} at ${end}`;
  }
}

interface Claim {
  readonly node: number;
  readonly height: number;
  readonly hash: string;
  readonly stateRoot?: string;
}

/** Whatever any node ever said of a height: one block, one state. */
function* noFork({ chains, observations }: Evidence): Generator<string> {
  const first = new Map<number, Claim>();
  const said: Claim[] = chains.flatMap(({ node, blocks }) => blocks.map((block) => ({ node, ...block })));
  for (const seen of observations) if ('hash' in seen) said.push(seen);
  for (const claim of said) {
    const { node, height, hash, stateRoot } = claim;
    const known = first.get(height);
    if (known === undefined) first.set(height, claim);
    else if (known.hash !== hash) {
      yield `height ${height} was ${known.hash} for node ${known.node} and ${hash} for node ${node}`;
    } else if (stateRoot !== undefined && known.stateRoot !== undefined && stateRoot !== known.stateRoot) {
      yield `the state of height ${height} was ${known.stateRoot} for node ${known.node}, ${stateRoot} for node ${node}`;
    }
  }
}

/** What any node reported final is in every chain, once, where it was reported to be. */
function* finalOnceEverywhere({ chains, observations }: Evidence): Generator<string> {
  const reported = new Map<string, string>();
  for (const seen of observations) {
    if (seen.kind !== 'final') continue;
    const place = `${seen.height} ${seen.hash}`;
    const known = reported.get(seen.transaction);
    if (known === undefined) reported.set(seen.transaction, place);
    else if (known !== place) yield `transaction ${seen.transaction} was final in ${known} and in ${place}`;
  }
  for (const { node, blocks } of chains) {
    const places = new Map<string, string[]>();
    for (const { height, hash, transactions } of blocks) {
      for (const transaction of transactions) {
        places.set(transaction.hash, [...(places.get(transaction.hash) ?? []), `${height} ${hash}`]);
      }
    }
    for (const [transaction, place] of reported) {
      const found = places.get(transaction) ?? [];
      if (found.length === 1 && found[0] === place) continue;
      yield `transaction ${transaction} was final in ${place}; node ${node} has it in [${found.join(', ')}]`;
    }
  }
}

/** A head or a balance is never below what the same node had told before it was asked. */
function* neverBack({ observations }: Evidence): Generator<string> {
  for (const own of byDatabase(observations).values()) {
    const told = own.flatMap((seen) => (seen.kind === 'absent' ? [] : [seen])).sort((a, b) => a.at - b.at);
    const readings = own
      .flatMap((seen) => (seen.kind === 'head' || seen.kind === 'balance' ? [seen] : []))
      .sort((a, b) => a.asked - b.asked);
    let next = 0;
    let highest = { height: 0, at: 0 };
    for (const reading of readings) {
      for (let claim = told[next]; claim !== undefined && claim.at < reading.asked; claim = told[++next]) {
        if (claim.height > highest.height) highest = claim;
      }
      if (reading.height >= highest.height) continue;
      yield `node ${reading.node} told a ${reading.kind} at height ${reading.height} (asked at ${reading.asked}), ` +
        `after height ${highest.height} (at ${highest.at})`;
    }
  }
}

/** A transaction that a node called final, the same node finds. */
function* nothingForgotten({ observations }: Evidence): Generator<string> {
  for (const own of byDatabase(observations).values()) {
    const finalAt = new Map<string, number>();
    for (const seen of own) {
      if (seen.kind !== 'final') continue;
      finalAt.set(seen.transaction, Math.min(seen.at, finalAt.get(seen.transaction) ?? Infinity));
    }
    for (const seen of own) {
      if (seen.kind !== 'absent' || (finalAt.get(seen.transaction) ?? Infinity) >= seen.asked) continue;
      yield `node ${seen.node} knew nothing of ${seen.transaction} at ${seen.asked}, which it had called final`;
    }
  }
}

/** A balance is that of the height it names, with all that was final by then. */
function* balancesAsOfThen({ observations, chains }: Evidence, { at, end }: Ledger): Generator<string> {
  for (const seen of observations) {
    if (seen.kind !== 'balance') continue;
    const expected = at(seen.address, seen.height);
    if (seen.balance === expected.balance.toString() && seen.nonce === expected.nonce) continue;
    yield `node ${seen.node} said that ${seen.address} had ${seen.balance} and nonce ${seen.nonce} at height ` +
      `${seen.height}; by the blocks it had ${expected.balance} and ${expected.nonce}`;
  }
  for (const { node, balances } of chains) {
    for (const [address, { balance, nonce }] of balances) {
      const expected = at(address, end);
      if (balance === expected.balance.toString() && nonce === expected.nonce) continue;
      yield `in the end node ${node} gives ${address} ${balance} and nonce ${nonce}; ` +
        `by the blocks it has ${expected.balance} and ${expected.nonce}`;
    }
  }
}

/** All that genesis gave is in the balances and the fees. */
function* supplyConserved({ genesis, chains }: Evidence, { addresses }: Ledger): Generator<string> {
  const supply = sum([...genesis.values()]);
  for (const { node, blocks, balances } of chains) {
    const missing = [...addresses].filter((address) => !balances.has(address));
    if (missing.length > 0) yield `node ${node} was not asked for ${missing.join(', ')}`;
    const fees = sum(blocks.flatMap(({ transactions }) => transactions.map(({ fee }) => BigInt(fee))));
    const held = sum([...balances.values()].map(({ balance }) => BigInt(balance)));
    if (held + fees !== supply) yield `node ${node} accounts for ${held} and fees of ${fees}, genesis gave ${supply}`;
  }
}

function byDatabase(observations: readonly Observation[]): Map<string, Observation[]> {
  const groups = new Map<string, Observation[]>();
  for (const seen of observations) {
    const key = `${seen.node}/${seen.generation}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [seen]);
    else group.push(seen);
  }
  return groups;
}

interface Account {
  readonly balance: bigint;
  readonly nonce: number;
}

interface Ledger {
  /** every account that ever had anything */
  readonly addresses: ReadonlySet<string>;
  readonly end: number;
  at(address: string, height: number): Account;
}

/** What every account had at every height, by the blocks of the node that serves most of them. */
function replay({ genesis, chains }: Evidence): Ledger {
  const histories = new Map<string, { height: number; account: Account }[]>();
  const blocks = chains.map((chain) => chain.blocks).reduce((a, b) => (b.length > a.length ? b : a), []);
  const at = (address: string, height: number): Account => {
    const history = histories.get(address) ?? [];
    let [low, high] = [0, history.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((history[middle]?.height ?? 0) <= height) low = middle + 1;
      else high = middle;
    }
    return history[low - 1]?.account ?? { balance: 0n, nonce: 0 };
  };
  const set = (address: string, height: number, account: Account) => {
    const history = histories.get(address);
    if (history === undefined) histories.set(address, [{ height, account }]);
    else history.push({ height, account });
  };
  for (const [address, balance] of genesis) set(address, 0, { balance, nonce: 0 });
  for (const { height, transactions } of blocks) {
    for (const { from, fee, nonce, code, outputs } of transactions) {
      const { balance } = at(from, height);
      const paid = code === 'SUCCESS' ? outputs : [];
      set(from, height, {
        balance: balance - BigInt(fee) - sum(paid.map(({ amount }) => BigInt(amount))),
        nonce: nonce + 1,
      });
      for (const { to, amount } of paid) {
        const receiver = at(to, height);
        set(to, height, { ...receiver, balance: receiver.balance + BigInt(amount) });
      }
    }
  }
  return { addresses: new Set(histories.keys()), end: blocks.length, at };
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n);
}
