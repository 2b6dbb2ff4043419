import type { ImageFormat } from './image-format.js';
import type { LuksDetails } from './luks.js';
import type { Qcow2Header } from './qcow2-header.js';
import type { QedDetails } from './qed.js';
import type { VdiDetails } from './vdi.js';
import type { VhdDetails } from './vhd.js';
import type { VhdxDetails } from './vhdx.js';
import type { VmdkDetails } from './vmdk.js';

/** Formats of which nothing but the signature is read. */
export interface SignatureDetails {
  readonly kind: Extract<ImageFormat, 'parallels' | 'bochs' | 'cloop' | 'dmg'>;
}

/** What the headers of a container say; `kind` is its format. */
export type ImageDetails =
  | Qcow2Header
  | VmdkDetails
  | VhdDetails
  | VhdxDetails
  | VdiDetails
  | LuksDetails
  | QedDetails
  | SignatureDetails;
