import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CliError } from '../../src/cli/errors.ts';
import { linePrinter } from '../../src/cli/node-log.ts';
import { runNode } from '../../src/cli/run-node.ts';
import type { StopReason } from '../../src/cli/stop-request.ts';
import type { Node, NodeInfo } from '../../src/node/lifecycle.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { withTimeout } from '../helpers/timeout.ts';
import { Capture } from './run-cli.ts';

const run = suite('running a node');
const INFO: NodeInfo = {
  rpcUrl: 'http://127.0.0.1:1',
  wsUrl: 'ws://127.0.0.1:2',
  metricsUrl: 'http://127.0.0.1:3/metrics',
  peerId: '12D3KooWSelf',
  p2pAddresses: [],
  chainId: 'ait-test',
  genesisHash: '00',
};

class RecordingNode implements Node {
  readonly calls: string[] = [];
  readonly failed: Promise<Error>;
  readonly #startError: Error | undefined;

  constructor({ failure, startError }: { failure?: Error; startError?: Error } = {}) {
    this.failed = failure === undefined ? new Promise(() => undefined) : Promise.resolve(failure);
    this.#startError = startError;
  }

  syncStatus(): undefined {
    return undefined;
  }

  async start(): Promise<NodeInfo> {
    this.calls.push('start');
    if (this.#startError !== undefined) throw this.#startError;
    return INFO;
  }

  async stop(): Promise<void> {
    this.calls.push('stop');
  }
}

const never = { requested: new Promise<StopReason>(() => undefined) };
const now = { requested: Promise.resolve<StopReason>('SIGTERM') };

run('announces, then stops when it is asked to', async () => {
  const node = new RecordingNode();
  await withTimeout(
    runNode(node, now, silentLogger(), (info) => node.calls.push(info.chainId)),
    1000,
    'stop',
  );
  assert.equal(node.calls, ['start', 'ait-test', 'stop']);
});

run('stops a node that fails, and says why', async () => {
  const node = new RecordingNode({ failure: new Error('the disk is full') });
  try {
    await withTimeout(
      runNode(node, never, silentLogger(), () => undefined),
      1000,
      'failure',
    );
    assert.unreachable();
  } catch (error) {
    assert.instance(error, CliError);
    assert.is((error as CliError).exit, 'nodeFailed');
    assert.match((error as CliError).message, /the disk is full/);
  }
  assert.equal(node.calls, ['start', 'stop']);
});

run('does not announce a node that does not start', async () => {
  const node = new RecordingNode({ startError: new Error('port in use') });
  await runNode(node, never, silentLogger(), () => assert.unreachable()).then(
    () => assert.unreachable(),
    (error: Error) => assert.is(error.message, 'port in use'),
  );
});

run('log lines say whose they are, readable on a terminal', () => {
  const file = new Capture();
  linePrinter(file, 2)('{"msg":"hello"}');
  assert.is(file.text, '[node 2] {"msg":"hello"}\n');
  const terminal = Object.assign(new Capture(), { isTTY: true });
  const print = linePrinter(terminal, 2);
  print('{"level":"info","time":"2026-01-31T12:00:00Z","part":"sync","msg":"hello"}');
  print('no json');
  assert.match(terminal.text, /\[node 2\].* .*INFO.*sync: hello.*\n.*\[node 2\].* no json\n$/);
});

run.run();
