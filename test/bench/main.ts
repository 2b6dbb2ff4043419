import { parseArgs } from 'node:util';
import type { BenchOptions } from './bench-options.js';
import { cloneBench } from './clone-bench.js';
import { glusterfsBench } from './glusterfs-bench.js';
import { rbdBackgroundBench } from './rbd-background-bench.js';
import { rbdBench } from './rbd-bench.js';
import { rbdIoBench } from './rbd-io-bench.js';
import { rbdManyBench } from './rbd-many-bench.js';
import { remotefsBench } from './remotefs-bench.js';
import { managerBench } from './manager-bench.js';
import type { BenchResult } from './report.js';
import { printReport } from './report.js';

const USAGE = `usage: npm run bench -- AREA [options]

areas
  remotefs   snapshot chains of the local driver in a directory
  glusterfs  snapshot chains of the GlusterFS driver on a share of a server of its own, mounted (needs root)
  rbd        volumes, snapshots and clones of the RBD driver in a Ceph pool
  rbd-io     a volume of an RBD backend written and read in order, and the same by 'rbd bench'
  rbd-many   a thousand RBD volumes by 16 tasks, and what ten thousand operations leave in memory
  rbd-background  RBD volumes made and deleted while ten clones of 1 GiB are flattened; p95s and the loop's delay
  clone      copies of a written volume, by reflink where the file system can
  manager    creates by 8 clients, and requests and commands on a store of 100 and of 100,000 volumes

options
  --dir D    a directory to work in; made when missing, its own files are removed; not for rbd areas
  --conf F   the configuration of a Ceph cluster, rbd only; a cluster of its own is started without it
  --pool P   the pool to work in (rbd), rbd areas only
  --n N      rounds (10)
  --depth K  snapshots a round (1), remotefs and glusterfs
  --gib G    size of the volume that is copied, or written and read (10), clone and rbd-io only
  --peer     OpenStack Cinder's driver in turn with ours, on the same directory (needs python3-cinder)
  --peer-program F  a Python program that runs the same rounds with another driver, in turn with ours, on the same
             mount or pool, glusterfs and rbd only; 'F DIR N DEPTH' or 'F CONF POOL N' prints one JSON object:
             operation -> list of seconds
  --bare     the bare tools in turn with ours
  --json     one JSON object: operation -> list of seconds
`;

const AREAS: Readonly<Record<string, (options: BenchOptions) => Promise<BenchResult>>> = {
  remotefs: remotefsBench,
  glusterfs: glusterfsBench,
  rbd: rbdBench,
  'rbd-io': rbdIoBench,
  'rbd-many': rbdManyBench,
  'rbd-background': rbdBackgroundBench,
  clone: cloneBench,
  manager: managerBench,
};

function readArguments(): { area: string; json: boolean; options: BenchOptions } {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      dir: { type: 'string' },
      conf: { type: 'string' },
      pool: { type: 'string', default: 'rbd' },
      n: { type: 'string', default: '10' },
      depth: { type: 'string', default: '1' },
      gib: { type: 'string', default: '10' },
      peer: { type: 'boolean', default: false },
      'peer-program': { type: 'string' },
      bare: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const [area = ''] = positionals;
  if (values.dir === undefined && !area.startsWith('rbd')) throw new Error('--dir is missing');
  const { peer, bare, json, pool, conf: confFile, 'peer-program': peerProgram } = values;
  const options = {
    directory: values.dir ?? '',
    ...(confFile === undefined ? {} : { confFile }),
    pool,
    rounds: count('n', values.n),
    depth: count('depth', values.depth),
    gib: count('gib', values.gib),
    peer,
    ...(peerProgram === undefined ? {} : { peerProgram }),
    bare,
  };
  return { area, json, options };
}

function count(name: string, text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new Error(`--${name} must be a whole number above 0, but is ${JSON.stringify(text)}`);
}

async function main(): Promise<void> {
  const { area, json, options } = readArguments();
  const bench = AREAS[area];
  if (bench === undefined) throw new Error(`there is no area ${JSON.stringify(area)}`);
  const result = await bench(options);
  if (json) process.stdout.write(`${JSON.stringify(result.ours)}\n`);
  else printReport(result);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  process.exitCode = 2;
});
