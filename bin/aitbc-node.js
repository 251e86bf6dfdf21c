#!/usr/bin/env -S node --max-semi-space-size=64
import { existsSync } from 'node:fs';

if (!existsSync(new URL('../dist/cli/main.js', import.meta.url))) {
  console.error('error: aitbc-node is not built yet\n  → run `make build` in the repository');
  process.exit(5);
}
await import('../dist/polyfills.js');
process.exitCode = await (await import('../dist/cli/main.js')).main(process.argv);
