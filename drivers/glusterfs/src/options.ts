import { defineOptions, hostPath, Type } from '@scoria/core';
import type { OptionsOf } from '@scoria/core';
import { REMOTEFS_OPTIONS } from '@scoria/remotefs';

export const GLUSTERFS_OPTIONS = defineOptions({
  ...REMOTEFS_OPTIONS,
  glusterfs_shares_config: hostPath(
    Type.String({
      default: '/etc/cinder/glusterfs_shares',
      description: "The file that lists the shares, one a line: 'host:/volume [-o mount,options]'.",
    }),
  ),
  glusterfs_mount_point_base: Type.Optional(
    hostPath(
      Type.String({
        description: "Where the shares are mounted; 'mnt' in the backend's state directory unless set.",
      }),
    ),
  ),
  glusterfs_mount_options: Type.Optional(
    Type.String({ description: 'Mount options for every share, separated by commas.' }),
  ),
  glusterfs_sparsed_volumes: Type.Boolean({
    default: true,
    description: 'New raw volumes take up room only as they are written.',
  }),
  glusterfs_qcow2_volumes: Type.Boolean({
    default: false,
    description: 'New volumes are qcow2 files instead of raw.',
  }),
});

export type GlusterfsOptions = OptionsOf<typeof GLUSTERFS_OPTIONS>;

/** The mount options for every share, one each; an option that is set to nothing, as INI files have it, is none. */
export function mountOptionsOf({
  glusterfs_mount_options: text = '',
}: Pick<GlusterfsOptions, 'glusterfs_mount_options'>): string[] {
  return text.trim() === '' ? [] : text.split(',').map((option) => option.trim());
}
