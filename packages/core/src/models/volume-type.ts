/**
 * What a volume is to be like besides its size, in Cinder's words. Plain strings that nobody has judged but for the
 * choice of the backend: keys that a driver does not know are not meant for it.
 */
export interface VolumeType {
  readonly name: string;
  /** What the volume's backend must have, and what its driver makes of it: `multiattach`: `<is> True`. */
  readonly extraSpecs: Readonly<Record<string, string>>;
  /** The limits of its input and output: `read_iops_sec`: `500`. */
  readonly qosSpecs: Readonly<Record<string, string>>;
}

/** Whether several guests are to have a volume at once: Cinder's extra spec `multiattach`, and its exact value. */
export function wantsMultiattach(type: Pick<VolumeType, 'extraSpecs'> | undefined): boolean {
  return type?.extraSpecs.multiattach === '<is> True';
}
