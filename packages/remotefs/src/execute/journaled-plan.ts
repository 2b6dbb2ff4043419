import type { FileNames } from '../chain/file-names.js';
import type { Plan, Step } from '../plan/plan.js';

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
  const isOwn: IsOwn = (file) => typeof file === 'string' && names.isOfChain(file, volumeId);
  const foreign = [...(steps as unknown[]), ...(undo as unknown[])].find(
    (step) => !isStep(fieldsOf(step), isOwn),
  );
  if (foreign === undefined) return plan as JournaledPlan;
  const shown = JSON.stringify(foreign).slice(0, 300);
  return `it has the step ${shown}, which names no file of this volume, or is none that a journal has`;
}

function isJournal(value: unknown): boolean {
  const { onCrash, commitPoint } = fieldsOf(value);
  return (onCrash === 'forward' || onCrash === 'back') && Number.isSafeInteger(commitPoint);
}

function isStep(step: Fields, isOwn: IsOwn): boolean {
  switch (step.kind as Step['kind'] | undefined) {
    case 'create-overlay':
    case 'rebase':
      return isOwn(step.file) && isOwn(step.backing) && isFormat(step.backingFormat);
    case 'commit':
      return isOwn(step.file) && areLayers(step.below, isOwn);
    case 'write-info':
      return step.info === undefined || isInfo(fieldsOf(step.info), isOwn);
    case 'remove':
      return isOwn(step.file);
    default:
      return false;
  }
}

function areLayers(value: unknown, isOwn: IsOwn): boolean {
  if (!Array.isArray(value) || value.length === 0) return false;
  return (value as unknown[]).map(fieldsOf).every(({ file, format }) => isOwn(file) && isFormat(format));
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
