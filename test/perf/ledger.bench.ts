// What checking and executing a transfer costs on an overlay over 100,000 accounts in memory:
// run with `node --import tsx test/perf/ledger.bench.ts`. Prints; it is no part of the tests.

import { setAccount } from '../../src/ledger/accounts.ts';
import { executeTransaction } from '../../src/ledger/execute.ts';
import { checkTransaction } from '../../src/ledger/rules.ts';
import { addressOf } from '../../src/primitives/address.ts';
import { encodeTransaction, type TransactionEnvelope } from '../../src/primitives/transaction.ts';
import { Overlay } from '../../src/state/overlay.ts';
import { CONTEXT, FEE } from '../ledger/build.ts';
import { MapSource } from '../state/map-source.ts';
import { cpuMicroseconds, median, report } from './cpu.ts';

const ACCOUNTS = 100_000;
const TRANSFERS = 1_000;
const BLOCKS = 60;

const publicKeys = Array.from({ length: ACCOUNTS }, (_, i) => {
  const key = new Uint8Array(32);
  new DataView(key.buffer).setUint32(0, i);
  return key;
});
const addresses = publicKeys.map(addressOf);
const nonces = new Uint32Array(ACCOUNTS);

const store = new MapSource();
const genesis = new Overlay(store);
for (const address of addresses) setAccount(genesis, address, { balance: 10n ** 12n, nonce: 0 });
genesis.seal();
store.write(genesis.changes);

function transfer(): TransactionEnvelope {
  const from = Math.floor(Math.random() * ACCOUNTS);
  const to = addresses[Math.floor(Math.random() * ACCOUNTS)] as Uint8Array;
  const transaction = {
    sender: publicKeys[from] as Uint8Array,
    nonce: nonces[from] as number,
    fee: FEE,
    validUntil: 0,
    action: { selector: 0 as const, value: { to, amount: 5n, memo: new Uint8Array(0) } },
  };
  nonces[from] = (nonces[from] as number) + 1;
  return encodeTransaction({ transaction, signature: new Uint8Array(64) });
}

const execution: number[] = [];
const sealing: number[] = [];
for (let block = 0; block < BLOCKS; block++) {
  const envelopes = Array.from({ length: TRANSFERS }, transfer);
  const overlay = new Overlay(store);
  const executing = cpuMicroseconds(() => {
    for (const envelope of envelopes) {
      const invalid = checkTransaction(overlay, envelope, CONTEXT);
      if (invalid !== undefined) throw new Error(invalid);
      executeTransaction(overlay, envelope, CONTEXT);
    }
  });
  execution.push(executing / TRANSFERS);
  sealing.push(cpuMicroseconds(() => overlay.seal()) / TRANSFERS);
  store.write(overlay.changes);
}

report('check and execute, per transfer', median(execution), 'µs CPU');
report('seal, per transfer', median(sealing), 'µs CPU');
