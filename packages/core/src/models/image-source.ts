/** An image of an image service, and where that keeps it. */
export interface ImageSource {
  /** The image service's id of it: any text. */
  readonly id: string;
  /** `raw`, `qcow2`, ... */
  readonly diskFormat: string;
  /** The size of the disk that a guest would see. */
  readonly sizeBytes: number;
  /** Where its data are, as URLs: `rbd://fsid/pool/image/snapshot`. Any text: not to be trusted. */
  readonly locations: readonly string[];
}
