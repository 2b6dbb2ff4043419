import type { ByteWindow, Region } from './byte-window.js';
import type { ImageFinding } from './image-finding.js';
import type { ImageFormat } from './image-format.js';

/** What every format's details have. */
export interface ProbeDetails {
  readonly kind: ImageFormat;
}

/** What one probe found out about an image of its format. */
export interface ProbeResult<Details extends ProbeDetails = ProbeDetails> {
  readonly format: ImageFormat;
  /** Whether the format's own structures begin at byte 0, so that no payload can. */
  readonly ownsStart: boolean;
  /** Size of the disk the guest sees, in bytes. */
  readonly virtualSize: number;
  readonly details: Details;
  readonly findings: readonly ImageFinding[];
}

/** Recognises and judges one container format. */
export interface FormatProbe<Details extends ProbeDetails = ProbeDetails> {
  /**
   * Regions beyond head and tail that the inspection needs, as far as the bytes
   * captured so far tell. Asked again after each capture. A region must lie
   * behind the bytes that name it: a stream can not go back.
   */
  regions(window: ByteWindow): readonly Region[];

  /** `undefined` when the signature is not there. Never throws. */
  inspect(window: ByteWindow): ProbeResult<Details> | undefined;
}
