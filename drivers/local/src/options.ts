import { defineOptions, hostPath, Type } from '@scoria/core';
import type { OptionsOf } from '@scoria/core';
import { REMOTEFS_OPTIONS } from '@scoria/remotefs';

export const LOCAL_OPTIONS = defineOptions({
  ...REMOTEFS_OPTIONS,
  local_volumes_path: hostPath(
    Type.String({
      minLength: 1,
      description:
        "The directory that holds the volumes; made when missing. Relative to the configuration's file.",
    }),
  ),
  local_volume_format: Type.Union([Type.Literal('raw'), Type.Literal('qcow2')], {
    default: 'raw',
    description: 'The format of new volumes.',
  }),
  local_volume_preallocated: Type.Boolean({
    default: false,
    description: 'New volumes take all of their room at once, so that a full disk never stops a guest.',
  }),
});

export type LocalOptions = OptionsOf<typeof LOCAL_OPTIONS>;
