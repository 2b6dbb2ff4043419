import { quoted, type Findings } from './image-finding.js';

/** How a name inside an image refers to another image. Only `plain` stays in its directory. */
export type ReferenceKind = 'plain' | 'empty' | 'absolute' | 'path' | 'json' | 'protocol' | 'unprintable';

/**
 * Classifies a name of another image as qemu would resolve it: `json:` is a
 * description of block nodes, and a colon before any slash makes the part
 * before it a protocol (`nbd:`, `file:`).
 */
export function referenceKind(name: string): ReferenceKind {
  if (name === '') {
    return 'empty';
  }
  if (/[\p{Cc}\p{Cs}\u{fffd}]/u.test(name)) {
    return 'unprintable';
  }
  if (name.startsWith('json:')) {
    return 'json';
  }
  if (/^[^/]*:/.test(name)) {
    return 'protocol';
  }
  if (name.startsWith('/')) {
    return 'absolute';
  }
  return /[/\\]/.test(name) || name === '.' || name === '..' ? 'path' : 'plain';
}

const PROBLEMS: Readonly<Record<Exclude<ReferenceKind, 'plain'>, string>> = {
  empty: 'is empty',
  absolute: 'is an absolute path',
  path: 'has a path separator or leaves its directory',
  json: 'is a json: description',
  protocol: 'names a protocol',
  unprintable: 'has control characters or is not valid UTF-8',
};

/** Adds `unsafe-reference` unless `name` is a plain file name. */
export function judgeReference(name: string, what: string, findings: Findings): void {
  const kind = referenceKind(name);
  if (kind !== 'plain') {
    findings.add('unsafe-reference', `${what} ${quoted(name)} ${PROBLEMS[kind]}`);
  }
}
