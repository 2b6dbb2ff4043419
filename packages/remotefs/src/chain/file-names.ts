import { isUuid } from '@scoria/core';

const MAX_NAME_BYTES = 255;
const TEMPORARY_PREFIX = 'tmp-snap-';
const RECORD = '.info';

/** True for a name of a file in one directory: no separator, no '..', no control character, no leading dash or dot. */
export function isPlainName(name: string): boolean {
  if (name === '' || Buffer.byteLength(name) > MAX_NAME_BYTES) return false;
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  return !/[/\u0000-\u001f\u007f]/.test(name) && !name.startsWith('.') && !name.startsWith('-');
}

/** The id of the snapshot that Cinder takes for the time of a clone. */
export function temporarySnapshotId(destinationId: string): string {
  return TEMPORARY_PREFIX + destinationId;
}

export function isTemporarySnapshot(snapshotId: string): boolean {
  return clonedVolumeId(snapshotId) !== undefined;
}

/** The id of the clone that a temporary snapshot was taken for; `undefined` for any other id. */
export function clonedVolumeId(snapshotId: string): string | undefined {
  const id = snapshotId.slice(TEMPORARY_PREFIX.length);
  return snapshotId.startsWith(TEMPORARY_PREFIX) && isUuid(id) ? id : undefined;
}

/** The names of a volume's files on its share, from `volume_name_template`. */
export class FileNames {
  readonly #before: string;
  readonly #after: string;

  /** @param template has `%s` once, for the volume's id */
  constructor(template: string) {
    const [before, after] = template.split('%s');
    this.#before = before ?? '';
    this.#after = after ?? '';
  }

  volumeFile(volumeId: string): string {
    return this.#before + volumeId + this.#after;
  }

  overlay(volumeId: string, snapshotId: string): string {
    return `${this.volumeFile(volumeId)}.${snapshotId}`;
  }

  infoFile(volumeId: string): string {
    return this.volumeFile(volumeId) + RECORD;
  }

  /** The id of the volume whose first file has this name, or `undefined` for any other name. */
  volumeIdOf(name: string): string | undefined {
    if (!name.startsWith(this.#before) || !name.endsWith(this.#after)) return undefined;
    const id = name.slice(this.#before.length, name.length - this.#after.length);
    return isUuid(id) ? id : undefined;
  }

  /**
   * The id of the volume whose first file or record has this name. A volume may have lost its first file to a guest that
   * took it in, and has a record then.
   */
  volumeAt(name: string): string | undefined {
    return (
      this.volumeIdOf(name) ??
      (name.endsWith(RECORD) ? this.volumeIdOf(name.slice(0, -RECORD.length)) : undefined)
    );
  }

  /** Which volume's overlay a file is that was made for the time of a clone, and of which; `undefined` for any other. */
  temporaryOverlay(name: string): { readonly volumeId: string; readonly cloneId: string } | undefined {
    const at = name.lastIndexOf(`.${TEMPORARY_PREFIX}`);
    const volumeId = at === -1 ? undefined : this.volumeIdOf(name.slice(0, at));
    const cloneId = clonedVolumeId(name.slice(at + 1));
    return volumeId === undefined || cloneId === undefined ? undefined : { volumeId, cloneId };
  }

  /** May this file be a part of the volume's chain: its own file, or an overlay of it? */
  isOfChain(name: string, volumeId: string): boolean {
    const first = this.volumeFile(volumeId);
    if (name === first) return true;
    if (!name.startsWith(`${first}.`)) return false;
    const snapshotId = name.slice(first.length + 1);
    return isUuid(snapshotId) || isTemporarySnapshot(snapshotId);
  }
}
