import type { CrashOperation } from './operations.js';
import type { Contents, Records, Scene } from './scene.js';
import { LOOSE_FILE, recordsIn } from './scene.js';
import type { ShareImage } from './share-image.js';
import { partOf } from './share-image.js';

/** A volume that no operation touches. */
const BYSTANDER = 'other';

/** One operation in a scene: its part of the share, and what is there before and after it. */
export class CrashCase {
  readonly image: ShareImage;
  readonly before: Contents;
  readonly after: Contents;

  constructor(
    readonly scene: Scene,
    readonly operation: CrashOperation,
  ) {
    const names = [...operation.uses, BYSTANDER];
    const files = names.map((name) => (name === 'loose' ? LOOSE_FILE : fileOf(scene.records, name)));
    this.image = partOf(scene.image, (file) => files.some((wanted) => file.startsWith(wanted)));
    const isOurs = (key: string): boolean => names.some((name) => key === name || key.startsWith(`${name}@`));
    this.before = new Map([...scene.contents].filter(([key]) => isOurs(key)));
    this.after = operation.after(this.before);
  }

  get options(): Record<string, unknown> {
    return { local_volume_format: this.scene.records.format };
  }

  recordsIn(directory: string): Records {
    return recordsIn(directory, this.scene.records);
  }
}

function fileOf(records: Records, name: string): string {
  return `volume-${records.volumes[name]!.id}`;
}
