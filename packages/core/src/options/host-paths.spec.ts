import { Type } from 'typebox';
import { absolutePaths } from './host-paths.js';
import { defineOptions, hostPath } from './option-schema.js';

const SCHEMA = defineOptions({
  directory: hostPath(Type.String()),
  mounts: Type.Optional(hostPath(Type.String())),
  name: Type.String(),
});

it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
  ['a relative one', { directory: 'volumes' }, { directory: '/etc/scoria/volumes' }],
  ['one that goes up', { directory: '../volumes/' }, { directory: '/etc/volumes' }],
  ['an absolute one', { directory: '/srv/volumes' }, { directory: '/srv/volumes' }],
  ['an optional one', { mounts: './mnt' }, { mounts: '/etc/scoria/mnt' }],
  ['one that is set to nothing', { directory: '' }, { directory: '' }],
  ['text that is no path', { name: './name' }, { name: './name' }],
  ['options that there are none of', { constructor: './x' }, { constructor: './x' }],
])("is absolute, or relative to the configuration's file: %s", (_, options, expected) => {
  expect(absolutePaths(SCHEMA, options, '/etc/scoria')).toEqual(expected);
});
