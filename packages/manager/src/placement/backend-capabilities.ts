import type { Capability } from '@scoria/core';
import { CAPABILITIES } from '@scoria/core';
import type { BackendRecord, Metadata, PoolRecord } from '@scoria/store';
import { capabilityKey, meets } from './extra-specs.js';
import type { CapabilityValue } from './extra-specs.js';

/** A backend with the name that volume types choose it by, where the configuration gives it one. */
export type PlaceableBackend = BackendRecord & { readonly volumeBackendName?: string };

/** Cinder's names of protocols, where they are not what drivers say. */
const PROTOCOL_NAMES: Readonly<Record<string, readonly string[]>> = {
  iscsi: ['iSCSI'],
  rbd: ['ceph'],
};

/** Cinder's names for what we have as a driver's capability. */
const CINDER_NAMES: Readonly<Record<string, Capability>> = {
  online_extend_support: 'onlineExtend',
};

/** What volume types may ask of a pool: Cinder's keys, and every capability of the contract by its name. */
export function capabilitiesOf(backend: PlaceableBackend, pool: PoolRecord): Map<string, CapabilityValue> {
  const has = (capability: string): boolean => backend.capabilities.includes(capability);
  const protocol = backend.storageProtocol ?? '';
  return new Map<string, CapabilityValue>([
    ['volume_backend_name', backend.volumeBackendName ?? backend.name],
    ['pool_name', pool.name],
    ['driver', backend.driver],
    ['vendor_name', backend.vendorName ?? ''],
    ['storage_protocol', [protocol, protocol.toUpperCase(), ...(PROTOCOL_NAMES[protocol] ?? [])]],
    ['thin_provisioning_support', pool.thinProvisioning],
    ['thick_provisioning_support', !pool.thinProvisioning],
    ['reserved_percentage', pool.reservedPercentage],
    ['max_over_subscription_ratio', pool.maxOverSubscriptionRatio],
    ...Object.keys(CAPABILITIES).map((name): [string, boolean] => [name, has(name)]),
    ...Object.entries(CINDER_NAMES).map(([name, capability]): [string, boolean] => [name, has(capability)]),
  ]);
}

/** What a pool lacks of a type's extra specs, each as `key is x, wanted y`; empty where it has all. */
export function specProblems(backend: PlaceableBackend, pool: PoolRecord, extraSpecs: Metadata): string[] {
  const capabilities = capabilitiesOf(backend, pool);
  return Object.entries(extraSpecs).flatMap(([key, requirement]) => {
    const name = capabilityKey(key);
    if (name === undefined) return [];
    const value = capabilities.get(name);
    if (value === undefined) return [`it has no capability ${name}, and the type wants '${requirement}'`];
    if (meets(value, requirement)) return [];
    const found = typeof value === 'object' ? value[0] : value;
    return [`its ${name} is '${String(found)}', and the type wants '${requirement}'`];
  });
}

/** The type's wish for thick volumes, Cinder's `provisioning:type`; thin is what pools that can be thin give. */
export function wantsThick(extraSpecs: Metadata): boolean {
  return extraSpecs['provisioning:type'] === 'thick';
}
