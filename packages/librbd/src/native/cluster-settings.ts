import { randomBytes } from 'node:crypto';
import type { NativeLibrary } from './native-library.js';

const VALUE_BYTES = 4096;
/** The number of Ceph's release that clones of format 2 came with: mimic. */
const MIMIC = 13;
/** RBD_MAX_IMAGE_ID_LENGTH. */
const MOST_DIGITS = 14;

/** What this client was configured with, and knows of the cluster by itself. */
export class ClusterSettings {
  constructor(
    private readonly library: NativeLibrary,
    private readonly rados: bigint,
  ) {}

  /** '' for what is not set, or not known. */
  value(name: string): string {
    const text = Buffer.alloc(VALUE_BYTES);
    const result = this.library.callNow('rados_conf_get', this.rados, name, text, text.length);
    return result < 0 ? '' : text.toString('utf8', 0, text.indexOf(0));
  }

  /** Whether clones are made in format 2 where nobody says how. */
  makesClonesOfFormat2(): boolean {
    const format = this.value('rbd_default_clone_format');
    if (format !== 'auto') return format === '2';
    const [present, required] = [Buffer.alloc(1), Buffer.alloc(1)];
    this.library.callNow('rados_get_min_compatible_client', this.rados, present, required);
    return required.readInt8() >= MIMIC;
  }

  /** For a new image, as librbd makes them: the number of this connection, which no other ever has, and some at random. */
  newImageId(): string {
    const connection = this.library.addressNow('rados_get_instance_id', this.rados).toString(16);
    return `${connection}${randomBytes(4).toString('hex')}`.slice(-MOST_DIGITS);
  }
}
