import { isUuid } from '@scoria/core';
import type { FileNames } from '../chain/file-names.js';
import { isPlainName, isTemporarySnapshot } from '../chain/file-names.js';
import type { GuestStep, Plan, Step } from '../plan/plan.js';

/** A plan that has a journal entry while it runs. */
export type JournaledPlan = Plan & Required<Pick<Plan, 'journal'>>;

type Fields = Readonly<Record<string, unknown>>;
type IsOwn = (file: unknown) => boolean;

/**
 * The plan in a journal entry's record. Others can write to a share: what is taken names files of this volume only, in
 * formats that chains have, and does only what journaled plans do.
 * @returns the reason where it cannot be taken
 */
export function journaledPlan(record: unknown, volumeId: string, names: FileNames): JournaledPlan | string {
  const { version, plan } = fieldsOf(record);
  if (version !== 1) return `it has the version ${typeof version === 'number' ? version : '?'}, not 1`;
  const fields = fieldsOf(plan);
  if (fields.volumeId !== volumeId || !isJournal(fields.journal)) return 'it holds no plan of this volume';
  const { steps, undo } = fields;
  if (!Array.isArray(steps) || !Array.isArray(undo)) return 'its plan has no steps';
  const whenGone = onlineSteps(fields.online);
  if (whenGone === undefined) return 'it does not say how it goes on without the guest';
  const isOwn: IsOwn = (file) => typeof file === 'string' && names.isOfChain(file, volumeId);
  const isTemporary: IsOwn = (file) => isTemporaryOf(fieldsOf(file).temporary, volumeId);
  const all = [...(steps as unknown[]), ...(undo as unknown[]), ...whenGone];
  const foreign = all.find((step) => !isStep(fieldsOf(step), isOwn, isTemporary));
  if (foreign === undefined) return plan as JournaledPlan;
  const shown = JSON.stringify(foreign).slice(0, 300);
  return `it has the step ${shown}, which names no file of this volume, or is none that a journal has`;
}

function isJournal(value: unknown): boolean {
  const { onCrash, commitPoint } = fieldsOf(value);
  return (onCrash === 'forward' || onCrash === 'back') && Number.isSafeInteger(commitPoint);
}

/** What is done where the guest has ended; none for a plan that needs no guest, `undefined` for none that can be taken. */
function onlineSteps(online: unknown): unknown[] | undefined {
  if (online === undefined) return [];
  const { snapshotId, whenGone } = fieldsOf(online);
  if (typeof snapshotId !== 'string' || !(isUuid(snapshotId) || isTemporarySnapshot(snapshotId)))
    return undefined;
  return Array.isArray(whenGone) ? (whenGone as unknown[]) : undefined;
}

function isTemporaryOf(name: unknown, volumeId: string): boolean {
  return typeof name === 'string' && isPlainName(name) && name.startsWith(`${volumeId}.`);
}

function isStep(step: Fields, isOwn: IsOwn, isTemporary: IsOwn): boolean {
  switch (step.kind as Step['kind'] | undefined) {
    case 'create-overlay':
      return (
        (isOwn(step.file) || isTemporary(step.file)) && isOwn(step.backing) && isFormat(step.backingFormat)
      );
    case 'publish':
      return isTemporary(step.file) && isOwn(step.as);
    case 'rebase':
      return isOwn(step.file) && isOwn(step.backing) && isFormat(step.backingFormat);
    case 'commit':
      return isOwn(step.file) && areLayers(step.below, isOwn);
    case 'write-info':
      return step.info === undefined || isInfo(fieldsOf(step.info), isOwn);
    case 'remove':
      return isOwn(step.file) || isTemporary(step.file);
    default:
      return isGuestStepOf(step, isOwn);
  }
}

function isGuestStepOf(step: Fields, isOwn: IsOwn): boolean {
  switch (step.kind as GuestStep['kind'] | undefined) {
    case 'guest-switch':
      return isLayer(step.active, isOwn) && isOwn(step.overlay);
    case 'guest-commit':
      return isOwn(step.active) && isOwn(step.above) && isOwn(step.file) && isLayer(step.base, isOwn);
    case 'guest-pull':
      return isOwn(step.active) && isOwn(step.file) && (step.base === undefined || isLayer(step.base, isOwn));
    case 'guest-flush':
      return isOwn(step.active) && isOwn(step.scratch);
    default:
      return false;
  }
}

function isLayer(value: unknown, isOwn: IsOwn): boolean {
  const { file, format } = fieldsOf(value);
  return isOwn(file) && isFormat(format);
}

function areLayers(value: unknown, isOwn: IsOwn): boolean {
  if (!Array.isArray(value) || value.length === 0) return false;
  return value.every((layer) => isLayer(layer, isOwn));
}

function isInfo({ active, snapshots }: Fields, isOwn: IsOwn): boolean {
  return isOwn(active) && isObject(snapshots) && Object.values(snapshots).every(isOwn);
}

function isFormat(value: unknown): boolean {
  return value === 'raw' || value === 'qcow2';
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fieldsOf(value: unknown): Fields {
  return isObject(value) ? value : {};
}
