import { DriverError, messageOf } from '@scoria/core';
import { open } from 'node:fs/promises';
import { systemCode } from '../chain/file-errors.js';
import { limitProblem, type ShareLimits } from './share-limits.js';
import { parseLine, type ShareSpec } from './shares-file-line.js';
import { normalSource } from './source-name.js';

/** A line that was skipped. */
export interface LineProblem {
  /** Counted from 1. */
  readonly line: number;
  /** Reads after 'line 3 ...'; shows no value of an option. */
  readonly reason: string;
}

/** What a shares file says. */
export interface SharesFile {
  /** In the order of the file, no share twice. */
  readonly shares: readonly ShareSpec[];
  readonly problems: readonly LineProblem[];
}

const EXAMPLE = `'host:/volume' or 'host:/volume -o option,option', one share a line`;
const MAX_BYTES = 1024 * 1024;

/**
 * Reads the text of a shares file: `host:/volume [-o mount,options]` a line. Blank lines and lines that begin with
 * '#' are skipped, `\040` is a space in a share, IPv6 hosts are in brackets. Never throws: a line that cannot be
 * taken is a problem, and a share that comes again one problem, however often it comes.
 * @param limits of the kind of file system that is to be mounted
 */
export function parseSharesFile(text: string, limits: ShareLimits = {}): SharesFile {
  const shares: ShareSpec[] = [];
  const problems: LineProblem[] = [];
  const first = new Map<string, { line: number; reported: boolean }>();
  for (const [index, raw] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    const line = index + 1;
    const content = raw.replace(/^[ \t]+|[ \t\r]+$/g, '');
    if (content === '' || content.startsWith('#')) continue;
    const parsed = parseWithin(content, limits);
    if (typeof parsed === 'string') {
      problems.push({ line, reason: parsed });
      continue;
    }
    const known = first.get(normalSource(parsed.share));
    if (known === undefined) {
      first.set(normalSource(parsed.share), { line, reported: false });
      shares.push(parsed);
    } else if (!known.reported) {
      known.reported = true;
      problems.push({ line, reason: `repeats the share of line ${String(known.line)}; that one counts` });
    }
  }
  return { shares, problems };
}

function parseWithin(content: string, limits: ShareLimits): ShareSpec | string {
  const parsed = parseLine(content);
  return typeof parsed === 'string' ? parsed : (limitProblem(parsed, limits) ?? parsed);
}

/**
 * Reads a shares file.
 * @param limits as for {@link parseSharesFile}
 * @throws DriverError `unavailable` if the file cannot be read or has no line that can be used
 */
export async function readSharesFile(file: string, limits: ShareLimits = {}): Promise<SharesFile> {
  const parsed = parseSharesFile(await readText(file), limits);
  if (parsed.shares.length > 0) return parsed;
  const problems = parsed.problems.map(({ line, reason }) => `line ${String(line)} ${reason}`);
  const found =
    problems.length === 0 ? 'has no share in it' : `has no line that can be used (${problems.join('; ')})`;
  throw sharesFileError(file, `${found}; write ${EXAMPLE}`);
}

async function readText(file: string): Promise<string> {
  try {
    await using handle = await open(file, 'r');
    const found = await handle.stat();
    if (!found.isFile()) throw sharesFileError(file, 'is not a file');
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(MAX_BYTES + 1), 0, MAX_BYTES + 1, 0);
    if (bytesRead > MAX_BYTES) throw sharesFileError(file, `is larger than ${String(MAX_BYTES)} bytes`);
    return buffer.toString('utf8', 0, bytesRead);
  } catch (error) {
    if (error instanceof DriverError) throw error;
    if (systemCode(error) === 'ENOENT')
      throw sharesFileError(file, `does not exist; write ${EXAMPLE}, into it`, error);
    throw sharesFileError(file, `cannot be read: ${messageOf(error)}`, error);
  }
}

function sharesFileError(file: string, what: string, cause?: unknown): DriverError {
  return new DriverError({
    code: 'unavailable',
    message: `the shares file ${file} ${what}`,
    details: { file },
    cause,
  });
}
