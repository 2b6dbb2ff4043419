const { default: Sequencer } = require('@jest/test-sequencer');

/**
 * The suites that take longest, so that none of them is left to one worker at the end. Without times of an earlier run,
 * as in a fresh clone, jest goes by the size of files, which says little here.
 */
const LONG = [
  'test/conformance/local-raw',
  'test/crash/steps',
  'test/conformance/local-qcow2',
  'test/interop/ping-pong',
  'test/commands/commands',
  'test/commands/examples',
  'test/online/model',
  'test/chains/model-qcow2',
  'test/crash/system-calls',
  'test/glusterfs/conformance',
  'test/faults/full-disk',
  'test/manager/races',
  'test/chains/model-raw',
];

function place({ path }) {
  const found = LONG.findIndex((name) => path.includes(name));
  return found === -1 ? LONG.length : found;
}

/** Sorts as jest does, with the long ones first. */
module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    return [...super.sort(tests)].sort((one, other) => place(one) - place(other));
  }
};
