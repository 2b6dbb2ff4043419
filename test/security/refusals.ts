import { isDriverError, messageOf } from '@scoria/core';
import { inspect } from 'node:util';
import type { Door, Scene } from './doors.js';

/** Errors of a driver that refuses; anything else means that something was tried. */
const REFUSALS = ['unsafe-image', 'damaged', 'invalid-input'] as const;

/**
 * Tries every door and says where something is wrong: not refused, refused without naming one of `files`, the canary
 * touched or shown, or anything on the share changed.
 */
export async function wrongDoors(
  scene: Scene,
  doors: Readonly<Record<string, Door>>,
  files: readonly string[],
): Promise<string[]> {
  const wrong: string[] = [];
  for (const [name, door] of Object.entries(doors)) {
    const before = await scene.share.listing();
    const { error, problems } = await scene.share.attempt((context) => door(scene, context));
    const changed = await changesSince(scene, before);
    const found = [...problems, ...refusalProblems(error, files), ...changed];
    wrong.push(...found.map((problem) => `${name}: ${problem}`));
    await scene.share.removeNew(before);
  }
  return wrong;
}

function refusalProblems(error: unknown, files: readonly string[]): string[] {
  if (error === undefined) return ['not refused'];
  if (!isDriverError(error, ...REFUSALS)) return [`refused by ${inspect(error)}`];
  return files.some((file) => messageOf(error).includes(file)) ? [] : [`names no file: ${messageOf(error)}`];
}

async function changesSince({ share }: Scene, before: readonly string[]): Promise<string[]> {
  const after = await share.listing();
  const gone = before.filter((line) => !after.includes(line));
  const made = after.filter((line) => !before.includes(line));
  return [...gone.map((line) => `changed ${line}`), ...made.map((line) => `made ${line}`)];
}
