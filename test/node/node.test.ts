// A whole node in this process, from start to stop.

import '../../src/polyfills.ts';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readKeystore } from '../../src/crypto/keystore.ts';
import { loadConfig, type NodeConfig } from '../../src/node/config.ts';
import { keyFile } from '../../src/node/data-dir.ts';
import { initDevnetNode } from '../../src/node/devnet.ts';
import type { Node, NodeInputs } from '../../src/node/lifecycle.ts';
import { createNode } from '../../src/node/node.ts';
import { prepareNode } from '../../src/node/prepare.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { withTempDir } from '../helpers/temp-dir.ts';
import { withTimeout } from '../helpers/timeout.ts';

const nodeTest = suite('node');

/** A devnet of one on ports that nobody has. */
async function withNode(body: (create: () => Node, config: NodeConfig) => Promise<void>): Promise<void> {
  await withTempDir(async (directory) => {
    await initDevnetNode(directory, undefined);
    const ports = { rpcPort: '0', wsPort: '0', metricsPort: '0', p2pPort: '0', p2pWsPort: '0' };
    const loaded = await loadConfig({ flags: { dataDir: directory, p2pHost: '127.0.0.1', ...ports } });
    const { warnings: _, ...prepared } = await prepareNode(loaded, (name) => readKeystore(keyFile(directory, name)));
    const inputs: NodeInputs = { ...prepared, logger: silentLogger() };
    await body(() => createNode(loaded.config, inputs), loaded.config);
  });
}

async function until<T>(ask: () => Promise<T>, wanted: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (wanted(answer)) return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const head = async (url: string) => (await (await fetch(`${url}/rpc/get_head`)).json()) as { height: number };

nodeTest('makes blocks, and goes on after a restart where it was', async () => {
  await withNode(async (create) => {
    const first = create();
    const info = await withTimeout(first.start(), 20_000, 'start');
    const before = await withTimeout(
      until(
        () => head(info.rpcUrl),
        ({ height }) => height >= 2,
      ),
      20_000,
      'blocks',
    );
    await withTimeout(first.stop(), 10_000, 'stop');
    await first.stop();
    const again = create();
    const { rpcUrl } = await withTimeout(again.start(), 20_000, 'the second start');
    await withTimeout(
      until(
        () => head(rpcUrl),
        ({ height }) => height > before.height,
      ),
      20_000,
      'more blocks',
    );
    await withTimeout(again.stop(), 10_000, 'the second stop');
  });
});

nodeTest('stopped while it starts, it leaves nothing open', async () => {
  await withNode(async (create) => {
    const node = create();
    const started = node.start();
    const stopped = node.stop();
    const { rpcUrl } = await withTimeout(started, 20_000, 'start');
    await withTimeout(stopped, 10_000, 'stop');
    await fetch(`${rpcUrl}/livez`).then(
      () => assert.unreachable('it still listens'),
      (error: unknown) => assert.instance(error, TypeError),
    );
    const next = create();
    await withTimeout(next.start(), 20_000, 'a start in the same directory');
    await withTimeout(next.stop(), 10_000, 'stop');
  });
});

nodeTest('a start that fails closes what it had opened', async () => {
  await withNode(async (create) => {
    const holder = create();
    await withTimeout(holder.start(), 20_000, 'start');
    const second = create();
    const reason = await withTimeout(
      second.start().then(
        () => 'none',
        (error: { code?: string }) => error.code,
      ),
      20_000,
      'a refusal',
    );
    assert.is(reason, 'LOCKED');
    await withTimeout(second.stop(), 10_000, 'stop');
    await withTimeout(holder.stop(), 10_000, 'stop');
  });
});

nodeTest.run();
