#!/usr/bin/env node
import { main } from '../dist/index.js';

// A reader that has seen enough (`scoria volume list | head -1`) is no failure.
process.stdout.on('error', (error) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

process.exitCode = await main(process.argv.slice(2));
