import { isUuid } from '@scoria/core';
import type { FileNames } from '../chain/file-names.js';
import { isPlainName, isTemporarySnapshot } from '../chain/file-names.js';
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
  const whenGone = onlineSteps(fields.online);
  if (whenGone === undefined) return 'it does not say how it goes on without the guest';
  const own: Own = {
    file: (file) => typeof file === 'string' && names.isOfChain(file, volumeId),
    temporary: (file) => isTemporaryOf(fieldsOf(file).temporary, volumeId),
  };
  const all = [...(steps as unknown[]), ...(undo as unknown[]), ...whenGone];
  const foreign = all.find((step) => !isStep(fieldsOf(step), own));
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

/** What the files may be that a step names. */
interface Own {
  /** A file of the volume's chain. */
  readonly file: IsOwn;
  /** A temporary file of the volume. */
  readonly temporary: IsOwn;
}

/** What is required of each step that a journaled plan may have. */
const STEPS: Readonly<Partial<Record<Step['kind'], (step: Fields, own: Own) => boolean>>> = {
  'create-overlay': ({ file, backing, backingFormat }, own) =>
    (own.file(file) || own.temporary(file)) && own.file(backing) && isFormat(backingFormat),
  publish: ({ file, as }, own) => own.temporary(file) && own.file(as),
  rebase: ({ file, backing, backingFormat }, own) =>
    own.file(file) && own.file(backing) && isFormat(backingFormat),
  commit: ({ file, below }, own) => own.file(file) && areLayers(below, own.file),
  'write-info': ({ info }, own) => info === undefined || isInfo(fieldsOf(info), own.file),
  remove: ({ file }, own) => own.file(file) || own.temporary(file),
  'guest-switch': ({ active, overlay }, own) => isLayer(active, own.file) && own.file(overlay),
  'guest-commit': ({ active, above, file, base }, own) =>
    [active, above, file].every(own.file) && isLayer(base, own.file),
  'guest-pull': ({ active, file, base }, own) =>
    [active, file].every(own.file) && (base === undefined || isLayer(base, own.file)),
  'guest-flush': ({ active, scratch }, own) => [active, scratch].every(own.file),
};

function isStep(step: Fields, own: Own): boolean {
  const { kind } = step;
  const check =
    typeof kind === 'string' && Object.hasOwn(STEPS, kind) ? STEPS[kind as Step['kind']] : undefined;
  return check?.(step, own) ?? false;
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
