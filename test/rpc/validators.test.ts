// Validators, stakes, governance and punishments as a node shows them: a network of two authorities and two stakers whose
// blocks really register, stake, vote and punish.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { stakes, validators } from '../../src/ledger/records.ts';
import { addressOf, parseAddress } from '../../src/primitives/address.ts';
import { fromHex, toHex } from '../../src/primitives/bytes.ts';
import { evidenceId } from '../../src/primitives/evidence.ts';
import { fromJson } from '../../src/primitives/json.ts';
import { PARAMETER_NAMES } from '../../src/primitives/parameters.ts';
import { JAILED, possessionSigningBytes, type ValidatorRecord } from '../../src/primitives/staking.ts';
import { StateProof, verifyStateProof } from '../../src/primitives/state-proof.ts';
import type { TransactionAction } from '../../src/primitives/transaction.ts';
import { validatorsRoot } from '../../src/primitives/validators.ts';
import type { FinalizedState } from '../../src/rpc/dependencies.ts';
import {
  addressText,
  alice,
  bob,
  CONSENSUS,
  FEE,
  FUNDS,
  GENESIS_TIME,
  get,
  key,
  post,
  sign,
  type TestChain,
  type TestNode,
  withNode,
} from './fixture.ts';
import {
  AIT,
  authorities,
  authority,
  doubleVote,
  genesis,
  network,
  otherAuthority,
  poor,
  rich,
  stakers,
} from './hybrid.ts';

/** One block with one transaction of each of these, at their next nonces. */
async function include(chain: TestChain, ...sent: [from: typeof alice, action: TransactionAction][]): Promise<void> {
  for (const [from, action] of sent) {
    const nonce = chain.mempool.nextNonce(addressOf(from.publicKey));
    assert.equal(await chain.mempool.add(sign(action, { from, nonce }, network)), { status: 'accepted' });
  }
  chain.produce();
  const { receipts } = chain.blocks[chain.blocks.length - 1] ?? { receipts: [] };
  assert.equal(
    receipts.map(({ code }) => code),
    sent.map(() => 0),
  );
}

function withNetwork(use: (node: TestNode) => Promise<void>, override = {}): Promise<void> {
  return withNode({ genesis, override }, use);
}

const rpc = suite('rpc/validators');

rpc('validators: weights, shares, votes and slots of the epoch, and who would be elected', () =>
  withNetwork(async ({ http, chain }) => {
    chain.produce(3);
    const { body } = await get(`${http}/rpc/validators`);
    assert.equal([body.epoch, body.mode, body.height], [1, 'hybrid', 3]);
    assert.equal([body.epoch_start, body.epoch_end], [GENESIS_TIME, GENESIS_TIME + 5_000]);
    assert.is(body.total_weight, 1_000_000);
    // Each block records the votes for its parent; those for block 0 nobody gave, those for block 3 come with block 4.
    assert.is(body.epoch_blocks, 2);
    assert.equal(
      body.validators.map(({ public_key }: { public_key: string }) => public_key),
      [...authorities, ...stakers].map(({ publicKey }) => toHex(publicKey)).sort(),
    );
    const byAddress = new Map(body.validators.map((one: { address: string }) => [one.address, one]));
    const { activity, ...first } = byAddress.get(addressText(rich)) as Record<string, unknown>;
    assert.equal(first, {
      address: addressText(rich),
      public_key: toHex(rich.publicKey),
      weight: 375_000,
      weight_share: 375_000,
      role: 'STAKER',
      status: 'ACTIVE',
      jailed_until: null,
      downtimes: 0,
      commission: 50_000,
      next_commission: 50_000,
      stake: (600n * AIT).toString(),
      self_stake: (600n * AIT).toString(),
    });
    const { participated, participation, missed } = activity as Record<string, unknown>;
    assert.equal([participated, participation, missed], [2, 1_000_000, 0]);
    const other = byAddress.get(addressText(otherAuthority)) as Record<string, unknown>;
    assert.equal([other.role, other.weight, other.stake], ['AUTHORITY', 250_000, '0']);
    const made = body.validators.map((one: { activity: { proposed: number } }) => one.activity.proposed);
    assert.is(
      made.reduce((sum: number, count: number) => sum + count, 0),
      2,
    );
    assert.equal(body.waiting, []);
    assert.equal(
      body.next_set,
      body.validators.map((one: Record<string, unknown>) => ({
        address: one.address,
        public_key: one.public_key,
        weight: one.weight,
        weight_share: one.weight_share,
      })),
    );
    assert.is(body.reward_pot, '1000');
    const reward = (of: typeof rich) =>
      (byAddress.get(addressText(of)) as { activity: { reward: string } }).activity.reward;
    // All took part, nobody recorded votes above the quorum's: 95 % of the pot by weight, at least.
    assert.ok(BigInt(reward(rich)) >= 356n && BigInt(reward(rich)) <= 406n, reward(rich));
  }),
);

rpc('a validator that registers waits, is staked on, and has its seat in the next epoch', () =>
  withNetwork(async ({ http, chain }) => {
    const operator = addressOf(alice.publicKey);
    const voter = key(15);
    const proof = voter.sign(possessionSigningBytes(operator, voter.publicKey, network));
    const { publicKey } = voter;
    const unknown = await get(`${http}/rpc/validators/${addressText(alice)}`);
    assert.equal([unknown.status, unknown.body.code], [404, 'NOT_FOUND']);
    await include(chain, [
      alice,
      { selector: 2, value: { publicKey, commission: 100_000, selfBond: 150n * AIT, proof } },
    ]);
    await include(chain, [bob, { selector: 4, value: { validator: operator, amount: 50n * AIT } }]);

    const path = `${http}/rpc/validators/${addressText(alice)}`;
    const waiting = (await get(path)).body;
    assert.equal([waiting.role, waiting.weight, waiting.activity], ['STAKER', 0, null]);
    assert.equal([waiting.stake, waiting.self_stake], [(200n * AIT).toString(), (150n * AIT).toString()]);
    // Half of W among 1,000 AIT, of which it has 200.
    assert.equal([waiting.public_key, waiting.next.weight], [toHex(publicKey), 100_000]);
    const list = (await get(`${http}/rpc/validators`)).body;
    assert.equal(
      list.waiting.map(({ address }: { address: string }) => address),
      [addressText(alice)],
    );
    assert.is(list.validators.length, 4);
    assert.is(list.next_set.length, 5);

    chain.produce(4);
    const seated = (await get(path)).body;
    assert.equal([seated.epoch, seated.weight, seated.next.weight], [2, 100_000, 100_000]);
    assert.equal([seated.activity.participated, seated.activity.participation], [0, null]);
    const { header } = chain.state();
    assert.is(header.epoch, 2);
    const set = (await get(`${http}/rpc/validators`)).body.validators;
    assert.is(set.length, 5);
    const members = set.map((one: { public_key: string; address: string; weight: number }) => ({
      publicKey: fromHex(one.public_key),
      address: parseAddress(one.address),
      weight: one.weight,
    }));
    assert.is(toHex(validatorsRoot(members)), toHex(header.validatorsRoot));
  }),
);

rpc('another commission is shown beside the present one until its epoch begins', () =>
  withNetwork(async ({ http, chain }) => {
    await include(chain, [rich, { selector: 3, value: { key: null, commission: 70_000 } }]);
    const shown = async () => {
      const { body } = await get(`${http}/rpc/validators/${addressText(rich)}`);
      return [body.epoch, body.commission, body.next_commission];
    };
    assert.equal(await shown(), [1, 50_000, 70_000]);
    chain.produce(4);
    assert.equal(await shown(), [2, 70_000, 70_000]);
  }),
);

rpc('stake: what delegations are worth, and when what was unstaked is paid', () =>
  withNetwork(async ({ http, chain }) => {
    const validator = addressOf(rich.publicKey);
    const path = `${http}/rpc/stake/${addressText(bob)}`;
    assert.equal((await get(path)).body, {
      address: addressText(bob),
      staked: '0',
      unbonding: '0',
      delegations: [],
      unbonding_entries: [],
      height: 0,
    });
    await include(chain, [bob, { selector: 4, value: { validator, amount: 100n * AIT } }]);
    await include(chain, [bob, { selector: 5, value: { validator, amount: 30n * AIT } }]);
    const staked = (70n * AIT).toString();
    const unbonding = (30n * AIT).toString();
    const { body } = await get(path);
    assert.equal([body.staked, body.unbonding], [staked, unbonding]);
    assert.equal(body.delegations, [{ validator: addressText(rich), shares: staked, amount: staked }]);
    const entry = { validator: addressText(rich), epoch: 1, shares: unbonding, amount: unbonding };
    assert.equal(body.unbonding_entries, [{ ...entry, due: null }]);

    chain.produce(3);
    const later = (await get(path)).body;
    const boundary = GENESIS_TIME + 5_000;
    assert.equal(later.unbonding_entries, [{ ...entry, due: boundary + 60_000 }]);
    // The validator's pool has earned; bob's shares are as many as before.
    assert.is(later.delegations[0].shares, staked);
    assert.ok(BigInt(later.staked) > 70n * AIT, later.staked);

    const balance = (await get(`${http}/rpc/get_balance/${addressText(bob)}`)).body;
    assert.equal([balance.staked, balance.unbonding], [later.staked, unbonding]);
    assert.is(balance.balance, (FUNDS - 2n * FEE - 100n * AIT).toString());
  }),
);

rpc('records of validators and stakes can be proven', () =>
  withNetwork(async ({ http }) => {
    const operator = addressOf(rich.publicKey);
    for (const [path, stateKey] of [
      [`validators/${addressText(rich)}`, validators.key(operator)],
      [`stake/${addressText(rich)}`, stakes.key(operator)],
      [`stake/${addressText(bob)}`, stakes.key(addressOf(bob.publicKey))],
    ] as const) {
      const { header, key: proven, value, state_proof } = (await get(`${http}/rpc/${path}?proof=true`)).body.proof;
      assert.is(proven, toHex(stateKey));
      assert.is(value === null, path.endsWith(addressText(bob)));
      const bytes = value === null ? undefined : fromHex(value);
      const proof = fromJson(StateProof, state_proof);
      assert.ok(verifyStateProof(fromHex(header.state_root), stateKey, bytes, proof));
    }
  }),
);

rpc('governance: proposals with their tallies, decided at the end of the epoch', () =>
  withNetwork(async ({ http, chain }) => {
    const changes = [{ parameter: PARAMETER_NAMES.indexOf('minStake'), value: 7n }];
    const vote = (choice: number): TransactionAction => ({ selector: 9, value: { proposal: 1, choice } });
    await include(chain, [
      authority,
      { selector: 8, value: { epoch: 0, change: { selector: 2, value: { changes } } } },
    ]);
    await include(chain, [authority, vote(1)], [rich, vote(1)], [poor, vote(0)]);

    const { body } = await get(`${http}/rpc/governance`);
    assert.equal([body.open.length, body.closed, body.next], [1, [], null]);
    const [open] = body.open;
    assert.equal([open.id, open.proposer, open.epoch, open.status], [1, addressText(authority), 0, 'OPEN']);
    assert.is(open.expires, GENESIS_TIME + 1_000 + 30_000);
    assert.equal(open.change, { type: 'SET_PARAMETERS', changes: [{ parameter: 'min_stake', value: '7' }] });
    assert.equal(open.tally, {
      yes: 625_000,
      no: 125_000,
      total_weight: 1_000_000,
      needed: 666_667,
      classes: [
        { role: 'STAKER', yes: 375_000, total_weight: 500_000, needed: 250_000 },
        { role: 'AUTHORITY', yes: 250_000, total_weight: 500_000, needed: 250_000 },
      ],
    });
    const one = (await get(`${http}/rpc/governance/1`)).body;
    assert.equal(one.votes.map(({ choice }: { choice: string }) => choice).sort(), ['NO', 'YES', 'YES']);
    assert.is((await get(`${http}/rpc/params`)).body.parameters.min_stake, '1000000');

    await include(chain, [otherAuthority, vote(1)]);
    chain.produce(2);
    const decided = (await get(`${http}/rpc/governance`)).body;
    assert.equal([decided.epoch, decided.open], [2, []]);
    assert.equal([decided.closed[0].status, decided.closed[0].tally], ['APPLIED', null]);
    const params = (await get(`${http}/rpc/params`)).body;
    assert.equal([params.epoch, params.mode, params.protocol_version], [2, 'hybrid', 1]);
    assert.is(params.parameters.min_stake, '7');
    assert.is((await get(`${http}/rpc/network_info`)).body.parameters.min_stake, '7');
  }),
);

rpc('governance: open and closed proposals come in pages', () =>
  withNetwork(async ({ http, chain }) => {
    const propose: TransactionAction = {
      selector: 8,
      value: { epoch: 0, change: { selector: 3, value: { protocolVersion: 2 } } },
    };
    for (const from of [authority, otherAuthority, rich]) await include(chain, [from, propose]);
    const ids = async (query: string) => {
      const { body } = await get(`${http}/rpc/governance${query}`);
      const [open, closed] = [body.open, body.closed].map((list) => list.map(({ id }: { id: number }) => id));
      return [open, body.next_open, closed, body.next];
    };
    assert.equal(await ids(''), [[3, 2, 1], null, [], null]);
    assert.equal(await ids('?limit=2'), [[3, 2], 2, [], null]);
    assert.equal(await ids('?limit=2&open_before=2'), [[1], null, [], null]);
    assert.equal(await ids('?open_before=1'), [[], null, [], null]);
    chain.produce(35);
    assert.equal(await ids('?limit=2'), [[], null, [3, 2], 2]);
    assert.equal(await ids('?limit=2&before=2'), [[], null, [1], null]);
    assert.equal(await ids('?before=1'), [[], null, [], null]);
  }),
);

rpc('slashing: who has contradicted itself, until when it is counted, and who has no seat again', () => {
  const evidence = doubleVote(rich, 3);
  const record = { id: evidenceId(evidence), kind: 'TWO_FINAL', evidence } as const;
  const consensus = { ...CONSENSUS, evidence: { size: 1, list: () => [record] } };
  return withNetwork(
    async ({ http, chain }) => {
      await include(chain, [bob, { selector: 7, value: { evidence } }]);
      const { body } = await get(`${http}/rpc/consensus/slashing`);
      const time = GENESIS_TIME + 1_000;
      assert.equal(body, {
        epoch: 1,
        offences: [
          {
            validator: addressText(rich),
            epoch: 1,
            time,
            weight: 375_000,
            total_weight: 1_000_000,
            window_end: time + 20_000,
          },
        ],
        tombstoned: [addressText(rich)],
        jailed: [],
        height: 1,
      });
      const list = (await get(`${http}/rpc/validators`)).body;
      const accused = list.validators.find(({ address }: { address: string }) => address === addressText(rich));
      assert.equal([accused.status, accused.weight, accused.activity.reward], ['TOMBSTONED', 375_000, '0']);
      assert.is(accused.stake, (570n * AIT).toString());
      assert.is(list.next_set.length, 3);
      // It is out of the set, and its key is still known.
      chain.produce(4);
      assert.is((await get(`${http}/rpc/validators`)).body.validators.length, 3);
      assert.is((await get(`${http}/rpc/consensus`)).body.evidence.items[0].address, addressText(rich));
      assert.equal((await get(`${http}/rpc/consensus/slashing`)).body.tombstoned, [addressText(rich)]);
    },
    { consensus },
  );
});

rpc('slashing and validators: who is jailed, and until when', () =>
  withNetwork(async ({ chain }) => {
    const { reader, header } = chain.state();
    const operator = addressOf(poor.publicKey);
    const jailed: ValidatorRecord = {
      ...validators.get(reader, operator),
      status: JAILED,
      jailedUntil: 3,
      downtimes: 2,
    };
    const changed = new Map<string, Uint8Array>();
    validators.set({ ...changedBy(changed, reader) }, jailed, operator);
    const state = (): FinalizedState => ({ reader: changedBy(changed, reader), header: { ...header } });
    const override = { chain: { head: chain.head, state } };
    await withNode({ genesis, override: override as never }, async ({ http }) => {
      assert.equal((await get(`${http}/rpc/consensus/slashing`)).body.jailed, [
        { validator: addressText(poor), until: 3, downtimes: 2 },
      ]);
      const { body } = await get(`${http}/rpc/validators/${addressText(poor)}`);
      assert.equal([body.status, body.jailed_until, body.downtimes, body.next], ['JAILED', 3, 2, null]);
    });
  }),
);

function changedBy(changed: Map<string, Uint8Array>, reader: FinalizedState['reader']) {
  return {
    get: (stateKey: Uint8Array) => changed.get(toHex(stateKey)) ?? reader.get(stateKey),
    set: (stateKey: Uint8Array, value: Uint8Array) => void changed.set(toHex(stateKey), value),
    delete: () => undefined,
  };
}

rpc('what is asked wrongly is answered with the field and what is allowed', () =>
  withNetwork(async ({ http }) => {
    for (const [path, status, code] of [
      ['validators/ait1x', 422, 'BAD_ADDRESS'],
      ['stake/0x12', 422, 'BAD_ADDRESS'],
      [`stake/${addressText(bob)}?proof=1`, 422, 'INVALID_FIELD'],
      ['governance/0', 422, 'INVALID_FIELD'],
      ['governance/one', 422, 'INVALID_FIELD'],
      ['governance/1', 404, 'NOT_FOUND'],
      ['governance?limit=101', 422, 'INVALID_FIELD'],
      ['params?epoch=1', 422, 'UNKNOWN_FIELD'],
      ['consensus/slashing?limit=1', 422, 'UNKNOWN_FIELD'],
    ] as const) {
      const answer = await get(`${http}/rpc/${path}`);
      assert.equal([answer.status, answer.body.code], [status, code], path);
    }
    const refused = await post(`${http}/rpc/params`, {});
    assert.is(refused.status, 405);
  }),
);

rpc('an answer is of its block: those kept for the one before are not given again', () =>
  withNetwork(async ({ http, chain }) => {
    for (const path of ['validators', 'governance', 'consensus/slashing']) {
      const { height } = (await get(`${http}/rpc/${path}`)).body;
      assert.is((await get(`${http}/rpc/${path}`)).body.height, height);
      chain.produce();
      assert.is((await get(`${http}/rpc/${path}`)).body.height, height + 1);
    }
  }),
);

rpc.run();
