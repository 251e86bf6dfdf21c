// The transactions of `governance …`: proposals and votes.

import { formatAddress, parseAddress } from '../primitives/address.ts';
import { fromHex } from '../primitives/bytes.ts';
import type { Change } from '../primitives/governance.ts';
import type { CliContext } from './context.ts';
import { CliError } from './errors.ts';
import type { ProposeOptions } from './governance.ts';
import { checkChanges, parseChanges } from './parameter-values.ts';
import type { JsonObject } from './rpc-client.ts';
import { type Sender, submit } from './submit.ts';
import type { TransactionOptions } from './transaction-options.ts';

export async function proposeAddAuthority(
  context: CliContext,
  address: string,
  publicKey: string,
  options: ProposeOptions,
): Promise<void> {
  if (!/^[0-9a-f]{64}$/.test(publicKey)) {
    throw new CliError('usage', `"${publicKey}" is no public key`, {
      hint: 'it is 64 lower-case hex digits; `keys list` shows those of your keys',
    });
  }
  const value = { address: parseAddress(address), publicKey: fromHex(publicKey) };
  await propose(context, options, () => ({ selector: 0, value }));
}

export async function proposeRemoveAuthority(
  context: CliContext,
  address: string,
  options: ProposeOptions,
): Promise<void> {
  const value = { address: parseAddress(address) };
  await propose(context, options, () => ({ selector: 1, value }));
}

export async function proposeParameters(
  context: CliContext,
  texts: readonly string[],
  options: ProposeOptions,
): Promise<void> {
  const changes = parseChanges(texts);
  await propose(context, options, ({ parameters }) => {
    checkChanges(parameters, changes);
    return { selector: 2, value: { changes } };
  });
}

export async function proposeUpgrade(context: CliContext, version: string, options: ProposeOptions): Promise<void> {
  const protocolVersion = wholeNumber(version, 'protocol version', 65_535);
  await propose(context, options, () => ({ selector: 3, value: { protocolVersion } }));
}

export async function vote(
  context: CliContext,
  id: string,
  choice: string,
  options: TransactionOptions,
): Promise<void> {
  const proposal = wholeNumber(id, 'number of a proposal', Number.MAX_SAFE_INTEGER);
  if (choice !== 'yes' && choice !== 'no') {
    throw new CliError('usage', `"${choice}" is no vote`, { hint: 'write yes or no' });
  }
  const value = { proposal, choice: choice === 'yes' ? 1 : 0 };
  await submit(context, options, { action: () => ({ selector: 9, value }) });
}

async function propose(
  context: CliContext,
  options: ProposeOptions,
  change: (sender: Sender) => Change,
): Promise<void> {
  const epoch =
    options.epoch === undefined ? 0 : wholeNumber(options.epoch, 'number of an epoch', Number.MAX_SAFE_INTEGER);
  await submit(context, options, {
    action: (sender) => ({ selector: 8, value: { epoch, change: change(sender) } }),
    outcome: newestProposal,
  });
}

/** The number under which others vote on it. */
async function newestProposal({ client, address }: Sender): Promise<{ proposal?: number }> {
  const { open } = await client.get('rpc/governance?limit=100');
  const own = (open as JsonObject[]).find(({ proposer }) => proposer === formatAddress(address));
  return own === undefined ? {} : { proposal: Number(own.id) };
}

function wholeNumber(text: string, what: string, most: number): number {
  const value = /^[1-9]\d{0,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value <= most) return value;
  throw new CliError('usage', `"${text}" is no ${what}`, { hint: `it is a whole number from 1 to ${most}` });
}
