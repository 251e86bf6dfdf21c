#!/usr/bin/env -S node --max-semi-space-size=64
import '../dist/polyfills.js';

process.exitCode = await (await import('../dist/cli/main.js')).main(process.argv);
