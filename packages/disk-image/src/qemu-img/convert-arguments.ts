import { DriverError } from '@scoria/core';

import { qemuName } from '../inspector/image-format.js';
import { graphName, type BlockNode } from './block-graph.js';
import type { ConvertTarget } from './qemu-img-requests.js';
import { assertAbsolutePath } from './safe-names.js';

/** How many requests are under way at once. */
const PARALLEL = '8';

/** The arguments of `qemu-img convert`. The target's cache mode makes qemu-img flush, which it does not by itself. */
export function convertArguments(source: BlockNode, target: ConvertTarget): string[] {
  assertAbsolutePath(target.path);
  assertOptionsFit(target);
  const flags = [
    ...(target.existing ? ['-n'] : []),
    ...(target.existing && target.zeroed ? ['--target-is-zero'] : []),
    ...(target.sparse === false ? ['-S', '0'] : []),
    // Compressed clusters must be written in order.
    ...(target.compressed ? ['-c'] : ['-m', PARALLEL, '-W']),
  ];
  const options = formatOptions(target.formatOptions ?? {});
  const output = ['-t', 'writeback', '-O', qemuName(target.format)];
  return ['convert', '-q', ...flags, ...output, ...options, '--', graphName(source), target.path];
}

function formatOptions(options: Readonly<Record<string, string>>): string[] {
  return Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value.replaceAll(',', ',,')}`]);
}

function assertOptionsFit(target: ConvertTarget): void {
  if (target.existing && Object.keys(target.formatOptions ?? {}).length > 0) {
    throw new DriverError({
      code: 'invalid-input',
      message: `format options are for a new file, and ${target.path} is an existing one`,
    });
  }
  if (target.zeroed && !target.existing) {
    throw new DriverError({
      code: 'invalid-input',
      message: `only an existing file can be known to read as zeroes, ${target.path} is a new one`,
    });
  }
}
