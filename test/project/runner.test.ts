import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const run = promisify(execFile);
const runner = suite('test runner');

interface Result {
  readonly code: number;
  readonly lastLine: string | undefined;
  readonly output: string;
}

async function runFixtures(...names: string[]): Promise<Result> {
  const files = names.map((name) => `test/project/fixtures/${name}.ts`);
  const env = { ...process.env, TEST_LIMIT_S: '3' };
  const result = await run(process.execPath, ['--import', 'tsx', 'test/run.ts', ...files], { env }).then(
    ({ stdout }) => ({ code: 0, output: stdout }),
    (error: { code: number; stdout: string }) => ({ code: error.code, output: error.stdout }),
  );
  return { ...result, lastLine: result.output.trimEnd().split('\n').at(-1) };
}

runner('sums what passed and was skipped', async () => {
  const result = await runFixtures('passing', 'passing');
  assert.is(result.lastLine, '4 passed, 0 failed, 2 skipped');
  assert.is(result.code, 0);
});

runner('counts failures, also where uvu does not', async () => {
  const result = await runFixtures('passing', 'failing', 'broken-hook', 'silent', 'throwing');
  assert.is(result.lastLine, '3 passed, 4 failed, 1 skipped');
  assert.is(result.code, 1);
  assert.match(result.output, /dies while loading/);
});

runner('ends a file that hangs', async () => {
  const result = await runFixtures('hanging');
  assert.is(result.lastLine, '0 passed, 1 failed');
  assert.is(result.code, 1);
  assert.match(result.output, /still running after 3 s/);
});

runner('fails when nothing matches', async () => {
  const result = await run(process.execPath, ['--import', 'tsx', 'test/run.ts', 'no-such-test']).then(
    () => 0,
    (error: { code: number }) => error.code,
  );
  assert.is(result, 1);
});

runner.run();
