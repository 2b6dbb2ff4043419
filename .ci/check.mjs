#!/usr/bin/env node
// Runs the checks of the tree side by side, every one of them even if another fails, and shows what each said when it
// has ended. Usage: node .ci/check.mjs
import { spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
// The longest first.
const checks = ['lint', 'types', 'imports', 'format'];
const timeout = 15 * 60_000;

function start(check) {
  const program = spawn('npm', ['run', '--silent', `check:${check}`], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout,
  });
  const said = [];
  program.stdout.on('data', (data) => said.push(data));
  program.stderr.on('data', (data) => said.push(data));
  return new Promise((resolve) => {
    program.once('error', (error) => resolve({ check, ended: error.message, said }));
    program.once('close', (status, signal) => resolve({ check, ended: status ?? signal, said }));
  });
}

async function show(running) {
  const { check, ended, said } = await running;
  const isRight = ended === 0;
  console.error(`check:${check}: ${isRight ? 'right' : `failed (${ended})`}`);
  process.stderr.write(Buffer.concat(said));
  return isRight;
}

const results = await Promise.all(checks.map((check) => show(start(check))));
process.exitCode = results.every(Boolean) ? 0 : 1;
