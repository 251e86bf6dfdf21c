#!/usr/bin/env node
import '../dist/polyfills.js';

process.exitCode = await (await import('../dist/cli/main.js')).main(process.argv);
