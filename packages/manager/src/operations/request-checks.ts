import { GIB, toGiB } from '@scoria/core';
import type { Metadata } from '@scoria/store';
import type { ManagerError } from '../errors.js';
import { invalidInput } from './refusals.js';

const MAX_TEXT = 255;
const MAX_ENTRIES = 256;

export interface Described {
  readonly name?: string;
  readonly description?: string;
  readonly metadata?: Metadata;
}

/**
 * Names and descriptions of at most 255 characters, metadata of text with keys of 1 to 255.
 * @throws ManagerError `invalid-input` with every problem
 */
export function requireDescription(what: string, { name, description, metadata }: Described): void {
  const problems = [
    ...textProblems('name', name),
    ...textProblems('description', description),
    ...metadataProblems(metadata),
  ];
  if (problems.length > 0) throw invalidInput(`${what}: ${problems.join('; ')}`);
}

function textProblems(what: string, text: unknown): string[] {
  if (text === undefined) return [];
  if (typeof text !== 'string') return [`the ${what} is no text`];
  if (text.includes('\0')) return [`the ${what} has a NUL character in it`];
  if (text.length <= MAX_TEXT) return [];
  return [`the ${what} has ${text.length} characters, and at most ${MAX_TEXT} are allowed`];
}

function metadataProblems(metadata: unknown): string[] {
  if (metadata === undefined) return [];
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) {
    return ['the metadata are no pairs of text'];
  }
  const entries = Object.entries(metadata);
  const tooMany = entries.length > MAX_ENTRIES ? [`there are more than ${MAX_ENTRIES} metadata`] : [];
  return [...tooMany, ...entries.flatMap(([key, value]) => pairProblems(key, value))];
}

function pairProblems(key: string, value: unknown): string[] {
  if (key === '') return ['a metadata key is empty'];
  const shown = JSON.stringify(key.slice(0, 40));
  return [
    ...textProblems(`metadata key ${shown}`, key),
    ...textProblems(`metadata value of ${shown}`, value),
  ];
}

/** @throws ManagerError `invalid-input` unless it is a positive whole number of GiB */
export function requireWholeGiB(what: string, bytes: number): void {
  const problem = sizeProblem(bytes);
  if (problem !== undefined) throw invalidInput(`the size of ${what} cannot be right: ${problem}`);
}

function sizeProblem(bytes: unknown): string | undefined {
  if (typeof bytes !== 'number' || !Number.isSafeInteger(bytes)) {
    return `${JSON.stringify(bytes)} is no whole number of bytes`;
  }
  if (bytes <= 0) return `${bytes} bytes is not more than nothing; the least is 1 GiB`;
  if (bytes % GIB === 0) return undefined;
  const above = Math.ceil(bytes / GIB);
  return `${bytes} bytes is no whole number of GiB; the next is ${above} GiB (${above * GIB} bytes)`;
}

/** @throws ManagerError `invalid-input` */
export function requireRoomFor(source: string, sourceBytes: number, bytes: number): void {
  if (bytes >= sourceBytes) return;
  throw tooSmall(source, sourceBytes, bytes);
}

function tooSmall(source: string, sourceBytes: number, bytes: number): ManagerError {
  return invalidInput(
    `a volume of ${toGiB(bytes)} GiB cannot hold the data of ${source}, which has ${sourceBytes} bytes; ` +
      `ask for at least ${toGiB(sourceBytes)} GiB`,
  );
}
