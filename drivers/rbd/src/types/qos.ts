import { DriverError } from '@scoria/core';
import type { VolumeType } from '@scoria/core';

/** What librbd reads the settings of one image from: `conf_rbd_qos_iops_limit`. */
export const QOS_METADATA = 'conf_rbd_qos_';

/** Cinder's names, in the words that follow `rbd_qos_`. */
const CINDER_NAMES: Readonly<Record<string, string>> = {
  total_iops_sec: 'iops_limit',
  read_iops_sec: 'read_iops_limit',
  write_iops_sec: 'write_iops_limit',
  total_bytes_sec: 'bps_limit',
  read_bytes_sec: 'read_bps_limit',
  write_bytes_sec: 'write_bps_limit',
  total_iops_sec_max: 'iops_burst',
  read_iops_sec_max: 'read_iops_burst',
  write_iops_sec_max: 'write_iops_burst',
  total_bytes_sec_max: 'bps_burst',
  read_bytes_sec_max: 'read_bps_burst',
  write_bytes_sec_max: 'write_bps_burst',
};

const KINDS = ['iops', 'bps', 'read_iops', 'write_iops', 'read_bps', 'write_bps'];
const LIBRBD_NAMES: ReadonlySet<string> = new Set([
  ...KINDS.flatMap((kind) => [`${kind}_limit`, `${kind}_burst`, `${kind}_burst_seconds`]),
  'schedule_tick_min',
]);

/**
 * The limits that a type sets, as image metadata: its QoS specs by Cinder's names or librbd's (`rbd_qos_iops_limit`),
 * and extra specs by librbd's, in the scope `rbd` or in none. What is for the hypervisor only (Cinder's `consumer`:
 * `front-end`) is none of ours, and neither is a key of another name.
 * @throws DriverError `invalid-input` a value that is no whole number
 */
export function qosOf(type: VolumeType | undefined): ReadonlyMap<string, string> {
  if (type === undefined) return new Map();
  const specs = type.qosSpecs.consumer === 'front-end' ? {} : type.qosSpecs;
  const found = [
    ...entriesOf(type, specs, (key) => CINDER_NAMES[key] ?? librbdName(key)),
    ...entriesOf(type, type.extraSpecs, (key) => librbdName(key.replace(/^rbd:/, ''))),
  ];
  return new Map(found);
}

function entriesOf(
  { name: type }: VolumeType,
  specs: VolumeType['qosSpecs'],
  nameOf: (key: string) => string | undefined,
): [string, string][] {
  return Object.entries(specs).flatMap(([key, value]): [string, string][] => {
    const name = nameOf(key);
    if (name === undefined) return [];
    return [[`${QOS_METADATA}${name}`, wholeNumber(type, key, value)]];
  });
}

function librbdName(key: string): string | undefined {
  const name = key.startsWith('rbd_qos_') ? key.slice('rbd_qos_'.length) : '';
  return LIBRBD_NAMES.has(name) ? name : undefined;
}

function wholeNumber(type: string, key: string, value: string): string {
  const number = Number(value);
  if (/^\d+$/.test(value.trim()) && Number.isSafeInteger(number)) return String(number);
  throw new DriverError({
    code: 'invalid-input',
    message: `the volume type ${type} sets ${key} to ${JSON.stringify(value)}, which is no whole number`,
    details: { type, key },
  });
}
