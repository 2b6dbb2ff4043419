#!/usr/bin/env node
// Runs the named suites one after the other, every one of them even if an earlier one fails, and closes with
// one line of counts. Usage: node .ci/jest.mjs SUITE... [arguments for jest, a path or -t NAME]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { leftOut } from './some-suites.mjs';
import { closingLines, countOf, succeeded } from './summary.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const known = ['unit', 'real'];
const timeout = 60 * 60_000;

function readResults(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined; // jest ended before it had results: counted as a failure
  }
}

function runSuite(suite, extra, folder) {
  const file = join(folder, `${suite}.json`);
  const node = [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    'node_modules/jest/bin/jest.js',
  ];
  const args = [
    '--config',
    `jest.${suite}.config.mjs`,
    '--json',
    '--outputFile',
    file,
    ...without(suite),
    ...extra,
  ];
  const { status, error } = spawnSync(process.execPath, [...node, ...args], {
    cwd: root,
    stdio: 'inherit',
    timeout,
  });
  if (error?.code === 'ETIMEDOUT') console.error(`jest (${suite}): no end after ${timeout / 60_000} minutes`);
  else if (error) console.error(`jest (${suite}): ${error.message}`);
  return countOf(readResults(file), status ?? 1);
}

/** Whoever names suites gets all of them. */
function without(suite) {
  const out = suite === 'real' && extra.length === 0 ? leftOut() : [];
  if (out.length === 0) return [];
  console.error(`left out this time (SCORIA_TESTS=all takes all): ${out.join(', ')}`);
  return ['--testPathIgnorePatterns', '/node_modules/', ...out.map((part) => `/test/${part}`)];
}

const given = process.argv.slice(2);
const firstExtra = given.findIndex((argument) => !known.includes(argument));
const suites = firstExtra === -1 ? given : given.slice(0, firstExtra);
const extra = firstExtra === -1 ? [] : given.slice(firstExtra);
if (suites.length === 0) {
  console.error(`usage: node .ci/jest.mjs ${known.join('|')}... [arguments for jest]`);
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), 'scoria-results-'));
try {
  const counts = suites.map((suite) => runSuite(suite, extra, folder));
  console.log(closingLines(counts).join('\n'));
  process.exitCode = counts.every(succeeded) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
