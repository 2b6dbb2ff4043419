import { qosOf } from './qos.js';

const type = (
  qosSpecs: Record<string, string>,
  extraSpecs: Record<string, string> = {},
): Parameters<typeof qosOf>[0] => ({ name: 'gold', qosSpecs, extraSpecs });

describe('qosOf', () => {
  it.each([
    ['no type', undefined, {}],
    ['nothing', type({}), {}],
    [
      "Cinder's names",
      type({ total_iops_sec: '500', read_bytes_sec: '10' }),
      { iops_limit: '500', read_bps_limit: '10' },
    ],
    [
      "Cinder's bursts",
      type({ total_iops_sec_max: '9', write_bytes_sec_max: '8' }),
      { iops_burst: '9', write_bps_burst: '8' },
    ],
    ["librbd's names", type({ rbd_qos_bps_burst_seconds: '2' }), { bps_burst_seconds: '2' }],
    [
      'extra specs',
      type({}, { rbd_qos_iops_limit: '1', 'rbd:rbd_qos_bps_limit': '2' }),
      { iops_limit: '1', bps_limit: '2' },
    ],
    ['what is for the backend', type({ consumer: 'back-end', total_iops_sec: '0' }), { iops_limit: '0' }],
    ['what is for both', type({ consumer: 'both', total_iops_sec: ' 7 ' }), { iops_limit: '7' }],
    ['what is for the hypervisor', type({ consumer: 'front-end', total_iops_sec: '5' }), {}],
    [
      'what is not ours',
      type({ size_iops_sec: '5', rbd_qos_x: '1' }, { total_iops_sec: '5', 'x:rbd_qos_iops_limit': '1' }),
      {},
    ],
  ])('%s', (_, given, expected) => {
    const keys = Object.entries(expected).map(([name, value]) => [`conf_rbd_qos_${name}`, value]);
    expect(Object.fromEntries(qosOf(given))).toEqual(Object.fromEntries(keys));
  });

  it.each(['', 'many', '-1', '1.5', '1e3', '99999999999999999999', '0x10'])('refuses %j', (value) => {
    expect(() => qosOf(type({ total_iops_sec: value }))).toThrow(
      `the volume type gold sets total_iops_sec to ${JSON.stringify(value)}, which is no whole number`,
    );
  });
});
