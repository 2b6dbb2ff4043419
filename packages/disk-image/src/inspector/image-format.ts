/**
 * A container format. Everything that is not known as a container is `raw`.
 * `parallels`, `bochs`, `cloop` and `dmg` are recognised only to be refused.
 */
export type ImageFormat =
  | 'raw'
  | 'qcow2'
  | 'vmdk'
  | 'vhd'
  | 'vhdx'
  | 'vdi'
  | 'luks'
  | 'qed'
  | 'parallels'
  | 'bochs'
  | 'cloop'
  | 'dmg';

/** What the payload of a raw image looks like: not a container, only its content. */
export type ContentLayout = 'iso' | 'udf' | 'gpt' | 'mbr';

/** What an image can be claimed to be: a container, or raw with that content. */
export type ClaimedFormat = ImageFormat | ContentLayout;

const CLAIMS: readonly ClaimedFormat[] = [
  'raw',
  'qcow2',
  'vmdk',
  'vhd',
  'vhdx',
  'vdi',
  'luks',
  'qed',
  'parallels',
  'iso',
  'gpt',
];

/** The name qemu's `-f` takes for a format. */
export function qemuName(format: ImageFormat): string {
  return format === 'vhd' ? 'vpc' : format;
}

/**
 * The format behind a `disk_format` of an image service or a format name of
 * qemu. The three `a*i` kinds are raw bytes. `undefined` for a name unknown here.
 */
export function claimedFormat(name: string): ClaimedFormat | undefined {
  if (['ami', 'aki', 'ari'].includes(name)) {
    return 'raw';
  }
  return name === 'vpc' ? 'vhd' : CLAIMS.find((claim) => claim === name);
}
