// The committed vectors are what this implementation makes, and what a second one, written from the page, makes.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compactHolds } from '../../src/chain/compact.ts';
import { AddressError, parseAddress } from '../../src/primitives/address.ts';
import { CompactBlock } from '../../src/primitives/block.ts';
import { fromHex, toHex } from '../../src/primitives/bytes.ts';
import { verifyStrict } from '../../src/primitives/ed25519.ts';
import { fromJson, JsonError } from '../../src/primitives/json.ts';
import {
  decodeTransaction,
  encodeTransaction,
  SignedTransaction,
  TransactionAction,
  transactionSigningBytes,
} from '../../src/primitives/transaction.ts';
import { formatVectors, readVectors, VECTOR_FILES } from '../vectors/generate.ts';
import * as second from './second-implementation.ts';
import * as ledger from './second-ledger.ts';
import * as punishment from './second-offences.ts';

const vectors = suite('vectors');

/** Only what the tests below read. */
interface Transactions {
  genesis_hash: string;
  accepted: {
    seed: string;
    json: { transaction: object; signature: string };
    transaction_ssz: string;
    signing_bytes: string;
    signature: string;
    ssz: string;
    id: string;
    from: string;
  }[];
  possession: { seed: string; json: object; ssz: string; signing_bytes: string; signature: string }[];
  refused_ssz: { why: string; ssz: string }[];
  refused_json: { why: string; path: string; action: unknown }[];
}
interface SnapshotStates {
  states: {
    entries: number;
    state_root: string;
    chunks: { depth: number; siblings: string[]; keys: string[]; ssz_sha256: string }[];
  }[];
}
interface Addresses {
  derived: { seed: string; public_key: string; address_bytes: string; address: string }[];
  accepted: { text: string; address_bytes: string }[];
  refused: { why: string; text: string }[];
}
interface HeaderJson {
  transactions_root: string;
  receipts_root: string;
  state_root: string;
  justification_hash: string;
}
interface Genesis {
  json: { authorities: object[] };
  validators: object[];
  ssz: string;
  genesis_hash: string;
  validators_ssz: string[];
  validators_root: string;
  state: { key: string; value: string }[];
  state_root: string;
  header: HeaderJson & { parent: string };
  header_ssz: string;
  hash: string;
}
interface Blocks {
  blocks: {
    header: HeaderJson;
    header_ssz: string;
    hash: string;
    justification: object;
    justification_ssz: string;
    transaction_ids: string[];
    body_ssz: string;
    receipts: object[];
    receipts_ssz: string[];
    state: { key: string; value: string }[];
  }[];
}
interface Compact {
  hash: string;
  good: CompactBlockJson[];
  bad: CompactBlockJson[];
}
interface CompactBlockJson {
  name: string;
  /** positions in the block */
  carried: number[];
  transaction_ids: string[];
  ssz: string;
}
interface Epochs {
  genesis: object;
  genesis_hash: string;
  state: { key: string; value: string }[];
  header: HeaderJson & { next_validators_root: string };
  hash: string;
  blocks: {
    header: HeaderJson & { parent: string; validators_root: string; next_validators_root: string };
    hash: string;
    justification: object;
    transactions: object[];
    receipts: object[];
    next_set: object[];
    changes: { key: string; value: string | null }[];
  }[];
}
interface Consensus {
  genesis_hash: string;
  votes: {
    seed: string;
    data: object;
    data_ssz: string;
    signing_bytes: string;
    vote: { signature: string };
    vote_ssz: string;
  }[];
  certificates: { members: number[]; certificate: object; ssz: string }[];
  proposal: { seed: string; data: object; data_ssz: string; signing_bytes: string; signature: string; ssz: string };
}
interface Peers {
  genesis_hash: string;
  bindings: {
    seed: string;
    binding: { validator: string };
    binding_ssz: string;
    signing_bytes: string;
    signature: string;
    ssz: string;
  }[];
}
interface EvidenceMessage {
  signature: string;
}
interface Evidence {
  genesis_hash: string;
  seed: string;
  accepted: {
    json: {
      epoch: number;
      validators_root: string;
      public_key: string;
      slot: number;
      messages: { type: string; first: EvidenceMessage; second: EvidenceMessage };
    };
    signing_bytes: string[];
    ssz: string;
    id: string;
  }[];
}

interface Elections {
  elections: (ledger.ElectionJson & { name: string; elected: ledger.ValidatorJson[]; validators_root: string })[];
}
interface Staking {
  stake: { pool: ledger.PoolJson; amount: string; after: ledger.PoolJson | null; shares: string; tokens: string }[];
  unstake: {
    pool: ledger.PoolJson;
    held: string;
    amount: string;
    after: ledger.PoolJson | null;
    shares: string;
    tokens: string;
  }[];
  slash: { pool: ledger.PoolJson; millionths: number; after: ledger.PoolJson; taken: string }[];
  owed: { own: number; others: number; owed: number }[];
  rewards: {
    pot: string;
    proposer_bonus: number;
    weights: number[];
    activity: ledger.ActivityJson;
    rewards: string[];
  }[];
  commissions: {
    registered: number;
    updates: ledger.CommissionJson[];
    record: { commission: number; previous_commission: number; commission_epoch: number };
    epochs: ledger.CommissionJson[];
  }[];
}
interface Offences extends punishment.StakesJson, punishment.OwnJson {
  validators: string[];
  epochs: punishment.EpochJson[];
  histories: { name: string; blocks: (punishment.BlockJson & punishment.ResultJson)[] }[];
}

function read<T>(file: string): T {
  return JSON.parse(readVectors(file)) as T;
}

function hex(text: string): Buffer {
  return Buffer.from(text, 'hex');
}

function roots(leaves: readonly string[]): string {
  return second.merkleRoot(leaves.map(hex)).toString('hex');
}

for (const [file, generate] of Object.entries(VECTOR_FILES)) {
  vectors(`${file} is what this implementation makes`, () => {
    assert.ok(
      readVectors(file) === formatVectors(generate()),
      `${file} differs; if the protocol was meant to change, run: node --import tsx test/vectors/generate.ts`,
    );
  });
}

vectors('addresses: a second implementation agrees', () => {
  const { derived, accepted, refused } = read<Addresses>('addresses.json');
  for (const item of derived) {
    const publicKey = second.publicKeyOf(hex(item.seed));
    assert.is(publicKey.toString('hex'), item.public_key);
    const bytes = second.sha256(publicKey).subarray(0, 20);
    assert.is(bytes.toString('hex'), item.address_bytes);
    assert.is(second.writeAddress(bytes), item.address);
    assert.is(toHex(parseAddress(item.address)), item.address_bytes);
  }
  for (const { text, address_bytes } of accepted) assert.is(toHex(parseAddress(text)), address_bytes);
  for (const { why, text } of refused)
    assert.throws(
      () => parseAddress(text),
      (error: Error) => error instanceof AddressError,
      why,
    );
});

vectors('transactions: a second implementation agrees', () => {
  const { genesis_hash, accepted } = read<Transactions>('transactions.json');
  for (const item of accepted) {
    const encoded = second.transaction.encode(item.json.transaction);
    assert.is(encoded.toString('hex'), item.transaction_ssz);
    const message = second.signingBytes('aitbc/tx/1', hex(genesis_hash), encoded);
    assert.is(message.toString('hex'), item.signing_bytes);
    assert.is(second.sign(hex(item.seed), message).toString('hex'), item.signature);
    const ssz = second.signedTransaction.encode(item.json);
    assert.is(ssz.toString('hex'), item.ssz);
    assert.is(second.sha256(ssz).toString('hex'), item.id);
  }
});

vectors('transactions: SSZ and JSON are read as the same, with a good signature', () => {
  const { genesis_hash, accepted } = read<Transactions>('transactions.json');
  for (const item of accepted) {
    const envelope = decodeTransaction(fromHex(item.ssz));
    assert.equal(encodeTransaction(fromJson(SignedTransaction, item.json)), envelope);
    assert.is(envelope.idHex, item.id);
    const { transaction, signature } = envelope.signed;
    assert.ok(verifyStrict(transaction.sender, transactionSigningBytes(transaction, fromHex(genesis_hash)), signature));
  }
});

vectors('possession of consensus keys: a second implementation agrees', () => {
  const { genesis_hash, possession } = read<Transactions>('transactions.json');
  for (const { seed, json, ssz, signing_bytes, signature } of possession) {
    const encoded = second.possession.encode(json);
    assert.is(encoded.toString('hex'), ssz);
    const message = second.signingBytes('aitbc/pop/1', hex(genesis_hash), encoded);
    assert.is(message.toString('hex'), signing_bytes);
    assert.is(second.sign(hex(seed), message).toString('hex'), signature);
  }
});

vectors('transactions: what must be refused is', () => {
  const { refused_ssz, refused_json } = read<Transactions>('transactions.json');
  for (const { why, ssz } of refused_ssz) assert.throws(() => decodeTransaction(fromHex(ssz)), undefined, why);
  for (const { why, path, action } of refused_json) {
    const isAtPath = (error: Error) => error instanceof JsonError && error.path === path;
    assert.throws(() => fromJson(TransactionAction, action), isAtPath, why);
  }
});

vectors('genesis: a second implementation agrees', () => {
  const genesis = read<Genesis>('genesis.json');
  const ssz = second.genesis.encode(genesis.json);
  assert.is(ssz.toString('hex'), genesis.ssz);
  assert.is(second.sha256(ssz).toString('hex'), genesis.genesis_hash);
  assert.equal(
    genesis.validators.map((item) => second.validator.encode(item).toString('hex')),
    genesis.validators_ssz,
  );
  assert.is(roots(genesis.validators_ssz), genesis.validators_root);
  assert.is(second.stateRoot(genesis.state).toString('hex'), genesis.state_root);
  assert.is(genesis.header.state_root, genesis.state_root);
  assert.is(genesis.header.parent, genesis.genesis_hash);
  assert.is(genesis.header.transactions_root, roots([]));
  const header = second.header.encode(genesis.header);
  assert.is(header.toString('hex'), genesis.header_ssz);
  assert.is(second.sha256(header).toString('hex'), genesis.hash);
});

vectors('blocks: a second implementation agrees', () => {
  const { accepted } = read<Transactions>('transactions.json');
  const transactions = new Map(accepted.map(({ id, json }) => [id, json]));
  for (const block of read<Blocks>('blocks.json').blocks) {
    const header = second.header.encode(block.header);
    assert.is(header.toString('hex'), block.header_ssz);
    assert.is(second.sha256(header).toString('hex'), block.hash);
    const justification = second.justification.encode(block.justification);
    assert.is(justification.toString('hex'), block.justification_ssz);
    assert.is(second.sha256(justification).toString('hex'), block.header.justification_hash);
    const body = {
      justification: block.justification,
      transactions: block.transaction_ids.map((id) => transactions.get(id)),
    };
    assert.is(second.body.encode(body).toString('hex'), block.body_ssz);
    assert.is(roots(block.transaction_ids), block.header.transactions_root);
    assert.equal(
      block.receipts.map((item) => second.receipt.encode(item).toString('hex')),
      block.receipts_ssz,
    );
    assert.is(roots(block.receipts_ssz), block.header.receipts_root);
    assert.is(second.stateRoot(block.state).toString('hex'), block.header.state_root);
  }
});

vectors('snapshots: a second implementation agrees', () => {
  for (const { entries: count, state_root, chunks } of read<SnapshotStates>('snapshot.json').states) {
    const entries = Array.from({ length: count }, (_, i) => {
      const key = Buffer.from(String(i));
      return { key: key.toString('hex'), value: second.sha256(key).toString('hex').repeat(512) };
    });
    assert.is(second.stateRoot(entries).toString('hex'), state_root);
    const cut = second.chunksOf(entries).map((chunk) => ({
      depth: chunk.depth,
      siblings: chunk.siblings,
      keys: chunk.entries.map(({ key }) => Buffer.from(key, 'hex').toString()),
      ssz_sha256: second.sha256(second.snapshotChunk.encode(chunk)).toString('hex'),
    }));
    assert.equal(cut, chunks);
  }
});

vectors('compact blocks: a second implementation agrees, and what does not hold is known', () => {
  const { accepted } = read<Transactions>('transactions.json');
  const transactions = new Map(accepted.map(({ id, json }) => [id, json]));
  const { hash, good, bad } = read<Compact>('compact.json');
  const block = read<Blocks>('blocks.json').blocks.find((one) => one.hash === hash);
  if (block === undefined) throw new Error('compact.json has the hash of no block');
  const { header, justification, transaction_ids: ids } = block;
  for (const { name, carried, transaction_ids, ssz } of [...good, ...bad]) {
    const carriedIds = carried.map((position) => ids[position] as string);
    const compact = { header, justification, transaction_ids, carried: carriedIds.map((id) => transactions.get(id)) };
    assert.is(second.compactBlock.encode(compact).toString('hex'), ssz, name);
    const holds = roots(transaction_ids) === header.transactions_root && second.isInOrder(carriedIds, transaction_ids);
    assert.is(
      holds,
      good.some((one) => one.name === name),
      name,
    );
    assert.is(compactHolds(CompactBlock.deserialize(fromHex(ssz))), holds, name);
  }
});

vectors('epochs: a second implementation agrees', () => {
  const { genesis, genesis_hash, state, header: zero, hash, blocks } = read<Epochs>('epochs.json');
  assert.is(second.sha256(second.genesis.encode(genesis)).toString('hex'), genesis_hash);
  const entries = new Map(state.map(({ key, value }) => [key, value]));
  const root = () => second.stateRoot([...entries].map(([key, value]) => ({ key, value }))).toString('hex');
  assert.is(root(), zero.state_root);
  assert.is(second.sha256(second.header.encode(zero)).toString('hex'), hash);
  let parent = hash;
  let validators = zero.next_validators_root;
  for (const { header, justification, transactions, receipts, next_set, changes, ...block } of blocks) {
    assert.is(header.parent, parent);
    assert.is(second.sha256(second.header.encode(header)).toString('hex'), block.hash);
    assert.is(second.sha256(second.justification.encode(justification)).toString('hex'), header.justification_hash);
    const ids = transactions.map((item) => second.sha256(second.signedTransaction.encode(item)).toString('hex'));
    assert.is(roots(ids), header.transactions_root);
    assert.is(roots(receipts.map((item) => second.receipt.encode(item).toString('hex'))), header.receipts_root);
    assert.is(
      roots(next_set.map((item) => second.validator.encode(item).toString('hex'))),
      header.next_validators_root,
    );
    assert.is(header.validators_root, validators);
    for (const { key, value } of changes) {
      if (value === null) entries.delete(key);
      else entries.set(key, value);
    }
    assert.is(root(), header.state_root);
    parent = block.hash;
    validators = header.next_validators_root;
  }
});

vectors('votes, certificates and proposals: a second implementation agrees', () => {
  const { genesis_hash, votes, certificates, proposal } = read<Consensus>('consensus.json');
  for (const item of votes) {
    const data = second.voteData.encode(item.data);
    assert.is(data.toString('hex'), item.data_ssz);
    const message = second.signingBytes('aitbc/vote/1', hex(genesis_hash), data);
    assert.is(message.toString('hex'), item.signing_bytes);
    assert.is(second.sign(hex(item.seed), message).toString('hex'), item.vote.signature);
    assert.is(second.vote.encode(item.vote).toString('hex'), item.vote_ssz);
  }
  for (const item of certificates) {
    assert.is(second.certificate.encode(item.certificate).toString('hex'), item.ssz);
  }
  const data = second.proposalData.encode(proposal.data);
  assert.is(data.toString('hex'), proposal.data_ssz);
  const message = second.signingBytes('aitbc/proposal/1', hex(genesis_hash), data);
  assert.is(message.toString('hex'), proposal.signing_bytes);
  assert.is(second.sign(hex(proposal.seed), message).toString('hex'), proposal.signature);
});

vectors('validators among the peers: a second implementation agrees', () => {
  const { genesis_hash, bindings } = read<Peers>('peer-bindings.json');
  for (const { seed, binding, binding_ssz, signing_bytes, signature, ssz } of bindings) {
    const data = second.peerBinding.encode(binding);
    assert.is(data.toString('hex'), binding_ssz);
    const message = second.signingBytes('aitbc/peer/1', hex(genesis_hash), data);
    assert.is(message.toString('hex'), signing_bytes);
    assert.is(second.publicKeyOf(hex(seed)).toString('hex'), binding.validator);
    assert.is(second.sign(hex(seed), message).toString('hex'), signature);
    assert.is(second.signedPeerBinding.encode({ binding, signature }).toString('hex'), ssz);
  }
});

vectors('evidence: a second implementation agrees', () => {
  const { genesis_hash, seed, accepted } = read<Evidence>('evidence.json');
  for (const { json, signing_bytes, ssz, id } of accepted) {
    const { messages, ...shared } = json;
    const [type, domain] =
      messages.type === 'VOTES' ? [second.voteData, 'aitbc/vote/1'] : [second.proposalData, 'aitbc/proposal/1'];
    assert.is(second.publicKeyOf(hex(seed)).toString('hex'), shared.public_key);
    const signed = [messages.first, messages.second].map((message) => {
      const bytes = second.signingBytes(domain, hex(genesis_hash), type.encode({ ...shared, ...message }));
      assert.is(second.sign(hex(seed), bytes).toString('hex'), message.signature);
      return bytes.toString('hex');
    });
    assert.equal(signed, signing_bytes);
    const encoded = second.evidence.encode(json);
    assert.is(encoded.toString('hex'), ssz);
    assert.is(second.sha256(encoded).toString('hex'), id);
  }
});

vectors('elections: a second implementation agrees', () => {
  for (const { name, elected, validators_root, ...election } of read<Elections>('elections.json').elections) {
    assert.equal(ledger.elect(election), elected, name);
    const encoded = elected.map((item) => second.validator.encode(item).toString('hex'));
    assert.is(roots(encoded), validators_root, name);
  }
});

vectors('contradictions: a second implementation agrees', () => {
  const { validators, epochs, histories, ...stakes } = read<Offences>('offences.json');
  for (const { name, blocks } of histories) {
    const offences = new punishment.Offences(validators, epochs, stakes);
    for (const { time, evidence_window, unbonding_period, evidence, ...result } of blocks)
      assert.equal(
        offences.block({ time, evidence_window, unbonding_period, evidence }),
        result,
        `${name}, at ${time}`,
      );
  }
});

vectors('stakes, slashes, rewards and commissions: a second implementation agrees', () => {
  const { stake, unstake, slash, owed, rewards, commissions } = read<Staking>('staking.json');
  for (const { pool, amount, ...result } of stake) assert.equal(ledger.stake(pool, amount), result);
  for (const { pool, held, amount, ...result } of unstake) assert.equal(ledger.unstake(pool, held, amount), result);
  for (const { pool, millionths, ...result } of slash) assert.equal(ledger.slash(pool, millionths), result);
  for (const item of owed) assert.is(ledger.owed(item.own, item.others), item.owed);
  for (const { pot, proposer_bonus, weights, activity, rewards: expected } of rewards) {
    assert.equal(ledger.rewards(pot, proposer_bonus, weights, activity), expected);
  }
  for (const { registered, updates, record, epochs } of commissions) {
    assert.equal(ledger.commissions(registered, updates), record);
    for (const { epoch, commission } of epochs) assert.is(ledger.commissionOf(epoch, registered, updates), commission);
  }
});

vectors('a proposal carries its block and the Skips it rests on', () => {
  const [, secondBlock] = read<Blocks>('blocks.json').blocks;
  const { certificates, proposal } = read<Consensus>('consensus.json');
  const encoded = second.proposal.encode({
    ...proposal.data,
    signature: proposal.signature,
    block: {
      header: secondBlock?.header,
      justification: secondBlock?.justification,
      transaction_ids: [],
      carried: [],
    },
    certificates: [certificates[1]?.certificate],
  });
  assert.is(encoded.toString('hex'), proposal.ssz);
});

vectors.run();
