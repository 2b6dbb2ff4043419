#!/usr/bin/env node
import { main } from '../dist/index.js';

// A reader that has seen enough (`scoria volume list | head -1`) is no failure, and no reason to leave work half done.
process.stdout.on('error', (error) => {
  if (error.code !== 'EPIPE') throw error;
});

process.exitCode = await main(process.argv.slice(2));
