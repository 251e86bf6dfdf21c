// The transactions of `validator …`: registration, changes, release from jail, evidence.

import type { KeyPair } from '../crypto/keys.ts';
import { fromHex } from '../primitives/bytes.ts';
import { Evidence } from '../primitives/evidence.ts';
import { possessionSigningBytes } from '../primitives/staking.ts';
import { parseAit, parsePercent } from '../primitives/units.ts';
import type { CliContext } from './context.ts';
import { CliError } from './errors.ts';
import { openKey } from './key-files.ts';
import type { JsonObject, RpcClient } from './rpc-client.ts';
import { type Sender, submit } from './submit.ts';
import type { TransactionOptions } from './transaction-options.ts';
import type { RegisterOptions, UpdateOptions } from './validator.ts';

export async function register(context: CliContext, options: RegisterOptions): Promise<void> {
  const selfBond = parseAit(options.selfBond);
  const commission = parsePercent(options.commission);
  const { consensusKey } = options;
  await submit(context, options, {
    async action(sender) {
      const voter = consensusKey === undefined ? sender.key : await openKey(context, options, consensusKey);
      return { selector: 2, value: { ...possession(sender, voter), commission, selfBond } };
    },
  });
}

export async function update(context: CliContext, options: UpdateOptions): Promise<void> {
  const { consensusKey } = options;
  if (consensusKey === undefined && options.commission === undefined) {
    throw new CliError('usage', 'nothing to change', { hint: 'give --commission, --consensus-key, or both' });
  }
  const commission = options.commission === undefined ? null : parsePercent(options.commission);
  await submit(context, options, {
    async action(sender) {
      const voter = consensusKey === undefined ? undefined : await openKey(context, options, consensusKey);
      return { selector: 3, value: { key: voter === undefined ? null : possession(sender, voter), commission } };
    },
  });
}

export async function unjail(context: CliContext, options: TransactionOptions): Promise<void> {
  await submit(context, options, { action: ({ address }) => ({ selector: 6, value: { validator: address } }) });
}

export async function report(context: CliContext, id: string, options: TransactionOptions): Promise<void> {
  if (!/^[0-9a-f]{64}$/.test(id)) {
    throw new CliError('usage', `"${id}" is no id of evidence`, { hint: 'it is 64 lower-case hex digits' });
  }
  await submit(context, options, {
    async action({ client }) {
      return { selector: 7, value: { evidence: Evidence.deserialize(fromHex(await findEvidence(client, id))) } };
    },
  });
}

/** A consensus key, with its word that it acts for the sender. */
function possession({ address, genesisHash }: Sender, voter: KeyPair): { publicKey: Uint8Array; proof: Uint8Array } {
  const { publicKey } = voter;
  return { publicKey, proof: voter.sign(possessionSigningBytes(address, publicKey, genesisHash)) };
}

/** As many as a node gives at once. */
const EVIDENCE_PAGE = 100;

/** @returns its SSZ as hex */
async function findEvidence(client: RpcClient, id: string): Promise<string> {
  let before: unknown = null;
  do {
    const page = before === null ? '' : `&before=${before}`;
    const { evidence } = await client.get(`rpc/consensus?limit=${EVIDENCE_PAGE}${page}`);
    const { items, next } = evidence as { items: readonly JsonObject[]; next: string | null };
    const found = items.find((item) => item.id === id);
    if (found !== undefined) return String(found.ssz);
    before = next;
  } while (before !== null);
  throw new CliError('refused', `the node holds no evidence ${id}`, {
    code: 'NOT_FOUND',
    hint: 'look under "evidence" in its answer to GET /rpc/consensus; another node may hold it (--rpc)',
  });
}
