// Loaded by `node --import` before the program. Empty blocks aside, this node proposes only at the heartbeat, so that a
// block holds what was sent between two of them; it carries all transactions in every other proposal, as if peers lacked
// them; and it writes down how large each proposal was and how long it took to be notarized.

import { appendFileSync } from 'node:fs';
import { Simplex } from '../../dist/consensus/core.js';
import { ConsensusDriver } from '../../dist/consensus/driver.js';
import { Libp2pNetwork } from '../../dist/network/libp2p-network.js';
import { TransactionRelay } from '../../dist/node/transaction-relay.js';

const file = process.env.AITBC_PROPOSALS_FILE;
let carriesAll = false;
/** by slot */
const sent = new Map();
/** slots whose proposal leaves next */
const leaving = [];

ConsensusDriver.prototype.onTransactions = () => undefined;

const { isFresh } = TransactionRelay.prototype;
TransactionRelay.prototype.isFresh = function (idHex) {
  return carriesAll || isFresh.call(this, idHex);
};

const { step } = Simplex.prototype;
Simplex.prototype.step = function (input, now) {
  const outputs = step.call(this, input, now);
  for (const output of outputs) {
    if (output.type === 'broadcast' && output.message.kind === 'proposal' && !output.again) {
      const { slot, block } = output.message.proposal;
      const transactions = block.body.transactions.length;
      // Only those that are compared take turns.
      if (transactions > 0) carriesAll = !carriesAll;
      sent.set(slot, { at: performance.now(), transactions, carriesAll });
      leaving.push(slot);
    }
    if (output.type === 'event' && output.event.type === 'notarized') {
      const one = sent.get(output.event.slot);
      sent.delete(output.event.slot);
      if (one !== undefined && one.transactions > 0) {
        const { at, ...rest } = one;
        appendFileSync(file, `${JSON.stringify({ ...rest, milliseconds: performance.now() - at })}\n`);
      }
    }
  }
  return outputs;
};

const { publishProposal } = Libp2pNetwork.prototype;
Libp2pNetwork.prototype.publishProposal = function (bytes) {
  const one = sent.get(leaving.shift());
  if (one !== undefined) one.bytes = bytes.length;
  return publishProposal.call(this, bytes);
};
