// Loaded by `node --import` before the program: this node hears nothing of the transactions that its peers send, and keeps
// none that it has to fetch. All else of it is as usual.

import { TransactionRelay } from '../../dist/node/transaction-relay.js';

TransactionRelay.prototype.receive = async () => 'ignore';
TransactionRelay.prototype.fetched = () => undefined;
