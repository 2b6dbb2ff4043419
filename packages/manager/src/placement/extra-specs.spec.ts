import type { CapabilityValue } from './extra-specs.js';
import { capabilityKey, meets } from './extra-specs.js';

describe('meets', () => {
  it.each<[CapabilityValue, string, boolean]>([
    ['nfs', 'nfs', true],
    ['nfs', 'NFS', false],
    [['nfs', 'NFS'], 'NFS', true],
    [['nfs', 'NFS'], '<or> ceph <or> NFS', true],
    ['nfs', '<or> ceph <or> iSCSI', false],
    [true, 'true', true],
    [true, 'True', true],
    [false, 'True', false],
    [true, '<is> True', true],
    [true, '<is> False', false],
    [false, '<is> False', true],
    ['Scoria', '<in> cor', true],
    ['Scoria', '<in> x', false],
    ['Scoria', 's== Scoria', true],
    ['Scoria', 's!= Scoria', false],
    ['b', 's> a', true],
    ['b', 's>= b', true],
    ['b', 's< a', false],
    ['b', 's<= b', true],
    [10, '>= 10', true],
    [10, '= 9', true],
    [10, '<= 9', false],
    [10, '== 10.0', true],
    [10, '!= 10', false],
    [10, '!= 11', true],
    [10, '10', true],
    ['ten', '>= 1', false],
    ['ten', '!= 1', false],
    [10, '>=', false],
    ['x', 'constructor', false],
    ['', '', true],
  ])('%p meets %p: %p', (value, requirement, expected) => {
    expect(meets(value, requirement)).toBe(expected);
  });
});

describe('capabilityKey', () => {
  it.each([
    ['volume_backend_name', 'volume_backend_name'],
    ['capabilities:clone', 'clone'],
    ['provisioning:type', undefined],
    ['vendor:capabilities:x', undefined],
  ])('%s', (key, expected) => {
    expect(capabilityKey(key)).toBe(expected);
  });
});
