import type { PlanRequest, Snapshot, Volume } from '@scoria/core';
import type { VolumeRecord } from '@scoria/store';
import type { CreateVolumeParameters } from '../../operations/create-volume.js';
import type { MoveVolumeParameters } from '../../operations/move-volume.js';
import { gib } from '../../placement/room.js';
import type { Question } from './driver-steps.js';
import { onBackend } from './driver-steps.js';

/** What an operation does, in its order. */
export interface Outline {
  readonly subject: string;
  readonly backend: string;
  /** What the manager does before the work, and after it. */
  readonly before: readonly string[];
  /** The work: sentences, and what the drivers are asked for. */
  readonly work: readonly (Question | string)[];
  readonly after: readonly string[];
}

export function aboutVolume({ id, name, backend }: VolumeRecord): Pick<Outline, 'subject' | 'backend'> {
  return { subject: `volume ${name} (${id})`, backend };
}

/** What a new volume is made of, as its driver gets it. */
export type DriverSource =
  | { readonly kind: 'volume'; readonly backend: string; readonly volume: Volume }
  | { readonly kind: 'snapshot'; readonly backend: string; readonly snapshot: Snapshot };

export function outlineOfCreation(
  { volume, candidates }: CreateVolumeParameters,
  made: Volume,
  source: DriverSource | undefined,
): Outline {
  const others = candidates.slice(1).map(({ backend }) => backend);
  const next = others.length === 0 ? '' : `; where that has no room, on ${others.join(', ')}`;
  return {
    subject: `volume ${volume.name}`,
    backend: volume.backend,
    before: [
      `take 1 volume and ${gib(volume.sizeBytes)} of project ${volume.projectId}'s quota`,
      `record it as creating on backend ${volume.backend}${next}`,
    ],
    work: source === undefined ? [emptyVolume(volume, made)] : filling(volume, made, source),
    after: ['record it as available'],
  };
}

function emptyVolume(volume: VolumeRecord, made: Volume): Question {
  return {
    backend: volume.backend,
    request: { operation: 'create-volume', volume: made },
    inWords: `make an empty volume of ${gib(volume.sizeBytes)}`,
  };
}

function filling(volume: VolumeRecord, made: Volume, source: DriverSource): (Question | string)[] {
  const what = source.kind === 'volume' ? `volume ${source.volume.id}` : `snapshot ${source.snapshot.id}`;
  const copying = `copy the data of ${what} from backend ${source.backend}`;
  if (source.backend !== volume.backend) return [emptyVolume(volume, made), copying];
  const question = { backend: volume.backend, inWords: `make it of ${what}` };
  if (source.kind === 'snapshot') {
    const request = {
      operation: 'create-volume-from-snapshot',
      volume: made,
      snapshot: source.snapshot,
    } as const;
    return [{ ...question, request }];
  }
  const request: PlanRequest = { operation: 'clone-volume', volume: made, source: source.volume };
  return [{ ...question, request, needs: 'clone', otherwise: [emptyVolume(volume, made).inWords, copying] }];
}

/** A volume that is moved, as its driver gets it, and the one it is copied to. */
export interface MovedVolumes {
  readonly volume: Volume;
  readonly copy: Volume | undefined;
}

export function outlineOfMove(
  volume: VolumeRecord,
  { temporary, typeId, inPlace = false }: MoveVolumeParameters,
  during: string,
  driverVolumes: MovedVolumes,
): Outline {
  const typed = typeId === undefined ? '' : `, with type ${typeId}`;
  const around = {
    ...aboutVolume(volume),
    before: [`record it as ${during}`],
    after: [`record it as ${volume.status}${typed}`],
  };
  if (inPlace) return { ...around, work: inPlaceWork(volume, temporary) };
  const { copy } = driverVolumes;
  if (temporary === undefined || copy === undefined) return { ...around, work: [] };
  return {
    ...around,
    work: [
      emptyVolume(temporary, copy),
      `copy ${gib(volume.sizeBytes)} from backend ${volume.backend} to backend ${temporary.backend}`,
      'read both and compare',
      `let the volume's record point at the copy on backend ${temporary.backend}`,
      {
        backend: volume.backend,
        request: { operation: 'delete-volume', volume: driverVolumes.volume },
        inWords: 'remove the old data',
      },
    ],
  };
}

function inPlaceWork({ backend }: VolumeRecord, temporary: VolumeRecord | undefined): string[] {
  const asked = onBackend(backend, 'make the volume what the type asks for, where it is');
  if (temporary === undefined) return [asked];
  return [asked, `where it cannot, move it to backend ${temporary.backend}`];
}
