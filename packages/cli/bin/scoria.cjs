#!/usr/bin/env node
'use strict';

// Each call on a share that hangs keeps a thread, of which there are to be enough for the others. The threads are made
// when the first is needed, which loading a module of the new kind is: hence this file is of the old one.
process.env.UV_THREADPOOL_SIZE ??= '64';

// A reader that has seen enough (`scoria volume list | head -1`) is no failure, and no reason to leave work half done.
process.stdout.on('error', (error) => {
  if (error.code !== 'EPIPE') throw error;
});

async function run() {
  const { endInAnyCase, main } = await import('../dist/index.js');
  process.exitCode = await main(process.argv.slice(2));
  endInAnyCase();
}

run();
