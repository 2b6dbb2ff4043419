#!/usr/bin/env node
// Brings this checkout to where `npm start` or `npm test` can run: Node packages, system tools, compiled sources.
// Plain Node, as it runs before anything is installed. Run again, it does only what is still missing.
import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const oldestNode = [20, 19];
const minutes = 60_000;

/**
 * Debian packages, what tells that each is there (a command, in PATH or in the bin of a version below a folder, a
 * library, or a file), and which targets need it.
 */
const systemPackages = [
  { name: 'qemu-utils', command: 'qemu-img', for: ['start', 'test'] },
  { name: 'qemu-system-common', command: 'qemu-storage-daemon', for: ['test'] },
  { name: 'strace', command: 'strace', for: ['test'] },
  { name: 'xfsprogs', command: 'mkfs.xfs', for: ['test'] },
  { name: 'btrfs-progs', command: 'mkfs.btrfs', for: ['test'] },
  { name: 'postgresql', command: 'postgres', below: '/usr/lib/postgresql', for: ['test'] },
  { name: 'glusterfs-server', command: 'glusterd', for: ['test'] },
  { name: 'glusterfs-client', command: 'mount.glusterfs', for: ['test'] },
  { name: 'iproute2', command: 'ip', for: ['test'] },
  { name: 'ceph-mon', command: 'ceph-mon', for: ['test'] },
  { name: 'ceph-mgr', command: 'ceph-mgr', for: ['test'] },
  { name: 'ceph-osd', command: 'ceph-osd', for: ['test'] },
  { name: 'ceph-common', command: 'rbd', for: ['test'] },
  { name: 'librados2', library: 'librados.so.2', for: ['test'] },
  { name: 'librbd1', library: 'librbd.so.1', for: ['test'] },
  { name: 'qemu-block-extra', library: 'qemu/block-rbd.so', for: ['test'] },
  { name: 'python3-cinder', file: '/usr/lib/python3/dist-packages/cinder/__init__.py', for: ['test'] },
];

function fail(message) {
  console.error(`prepare: ${message}`);
  process.exit(1);
}

/** Resolves when the command has succeeded; ends this program when it has not. */
async function run(what, command, args, { timeout, env = {} }) {
  console.error(`prepare: ${what}`);
  const line = [command, ...args].join(' ');
  const program = spawn(command, args, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    env: { ...process.env, ...env },
  });
  const late = setTimeout(() => {
    program.kill('SIGTERM');
    fail(`${what}: no end after ${timeout / minutes} minutes (${line})`);
  }, timeout);
  const { error, status, signal } = await new Promise((resolve) => {
    program.once('error', (error) => resolve({ error }));
    program.once('exit', (status, signal) => resolve({ status, signal }));
  });
  clearTimeout(late);
  if (error) fail(`${what}: cannot run ${command}: ${error.message}`);
  if (signal) fail(`${what}: ended by ${signal} (${line})`);
  if (status !== 0) fail(`${what}: exit status ${status} (${line}); what it said is above`);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])) return;
  fail(
    `Node ${oldestNode.join('.')} or later is needed, this is ${process.versions.node} (${process.execPath})`,
  );
}

function lockedPackages(path) {
  return JSON.parse(readFileSync(join(root, path), 'utf8')).packages;
}

/** Whether what the lock file asks for is installed: npm's own record of node_modules is compared with it. */
function nodePackagesInstalled() {
  const record = 'node_modules/.package-lock.json';
  if (!existsSync(join(root, record))) return false;
  const installed = lockedPackages(record);
  return Object.entries(lockedPackages('package-lock.json'))
    .filter(([path, wanted]) => path.includes('node_modules/') && !wanted.optional && !wanted.devOptional)
    .every(([path, wanted]) => installed[path] !== undefined && installed[path].version === wanted.version);
}

async function installNodePackages() {
  if (nodePackagesInstalled()) return;
  await run('installing the Node packages of package-lock.json', 'npm', ['ci', '--no-audit', '--no-fund'], {
    env: { JOBS: 'max' }, // for what is compiled where no binary can be fetched
    timeout: 10 * minutes,
  });
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function commandExists(command) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  return folders.some((folder) => folder !== '' && isExecutable(join(folder, command)));
}

function existsBelow(folder, command) {
  if (folder === undefined || !existsSync(folder)) return false;
  return readdirSync(folder).some((version) => isExecutable(join(folder, version, 'bin', command)));
}

/** In a folder of libraries, or in the one of an architecture below it. */
function libraryExists(library) {
  const folders = ['/usr/local/lib', '/usr/lib', '/usr/lib64'].filter((folder) => existsSync(folder));
  return folders.some((folder) => {
    const below = readdirSync(folder).filter((name) => name.endsWith('-linux-gnu'));
    return ['', ...below].some((name) => existsSync(join(folder, name, library)));
  });
}

function isPresent({ command, file, library, below }) {
  if (library !== undefined) return libraryExists(library);
  if (command === undefined) return existsSync(file);
  return commandExists(command) || existsBelow(below, command);
}

async function aptGet(what, args) {
  await run(what, 'apt-get', ['-o', 'DPkg::Lock::Timeout=120', ...args], {
    timeout: 15 * minutes,
    env: { DEBIAN_FRONTEND: 'noninteractive' },
  });
}

async function installSystemPackages(target) {
  const missing = systemPackages.filter((entry) => entry.for.includes(target) && !isPresent(entry));
  if (missing.length === 0) return;
  const names = missing.map(({ name }) => name);
  const found = missing
    .map(({ name, command, library, file }) => `${name} (no ${command ?? library ?? file})`)
    .join(', ');
  const advice = `install what provides it, on Debian: apt-get install --no-install-recommends ${names.join(' ')}`;
  if (!commandExists('apt-get')) fail(`missing: ${found}; there is no apt-get here: ${advice}`);
  if (process.getuid() !== 0) fail(`missing: ${found}; only root can install packages: as root, ${advice}`);
  await aptGet('updating the list of system packages', ['update', '-q']);
  await aptGet(`installing ${names.join(' ')}`, ['install', '-q', '-y', '--no-install-recommends', ...names]);
  const still = missing.filter((entry) => !isPresent(entry)).map(({ name }) => name);
  if (still.length > 0) fail(`installed, but not found afterwards: ${still.join(', ')}`);
}

/** The query builder's 260 modules in one file: a command would spend half its time on finding them. */
async function bundle() {
  await run('bundling kysely', 'npm', ['run', '--silent', 'build:kysely'], { timeout: 2 * minutes });
}

async function compile() {
  await run('compiling', process.execPath, ['node_modules/typescript/bin/tsc', '-b'], {
    timeout: 5 * minutes,
  });
}

const target = process.argv[2];
if (!['start', 'test'].includes(target) || process.argv.length !== 3) {
  console.error('usage: node .ci/prepare.mjs start|test');
  process.exit(2);
}
checkNode();
// Neither needs the other.
await Promise.all([installSystemPackages(target), installNodePackages()]);
await compile();
await bundle();
