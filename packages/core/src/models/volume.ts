import type { VolumeStatus } from './status.js';
import type { VolumeType } from './volume-type.js';

/** What a driver keeps about an object besides its id: plain strings, stored for it and handed back. */
export type ProviderMetadata = Readonly<Record<string, string>>;

/** A guest that has a volume: what is needed to reach it. */
export interface VolumeAttachment {
  /** A canonical UUID. */
  readonly id: string;
  /** The host it runs on. */
  readonly host: string;
  /** Its id at the compute service (Nova's server id). */
  readonly instanceId?: string;
  /** The Unix socket of its hypervisor's monitor (QMP), on this host. Absolute. */
  readonly monitor?: string;
  /** The device in the guest, for people: `/dev/vdb`. */
  readonly device?: string;
}

/** A volume as its driver sees it. Drivers never change it; they return a {@link ModelUpdate}. */
export interface Volume {
  /** A canonical UUID. */
  readonly id: string;
  /** What its owner calls it: any text. Never part of a path or an option. */
  readonly name: string;
  readonly sizeBytes: number;
  readonly status: VolumeStatus;
  /** What it is to be like: absent where it has no type, and in lists of volumes that are only to be told apart. */
  readonly type?: VolumeType;
  /** Where the volume is on its backend (a share, a pool), as the driver returned it. */
  readonly providerLocation?: string;
  /** The backend's own id of it, as the driver returned it. */
  readonly providerId?: string;
  /** What else the driver returned, the format for one. */
  readonly providerMetadata: ProviderMetadata;
  /** The guests that have it now; none where nobody knows of one. */
  readonly attachments?: readonly VolumeAttachment[];
}

/** A point in time of a volume, as its driver sees it. */
export interface Snapshot {
  /** A canonical UUID. */
  readonly id: string;
  readonly name: string;
  /** The volume it was taken of, as it is now. */
  readonly volume: Volume;
  /** The volume's size when the snapshot was taken. */
  readonly sizeBytes: number;
  readonly providerLocation?: string;
  readonly providerId?: string;
  readonly providerMetadata: ProviderMetadata;
}

/** What a method found out about its object; stored with the object's new state in one transaction. */
export interface ModelUpdate {
  readonly providerLocation?: string;
  readonly providerId?: string;
  /** Merged into what is stored; a key with `undefined` is removed. */
  readonly providerMetadata?: Readonly<Record<string, string | undefined>>;
  /** The size the backend really gave, where it may differ from the one asked for (manage, restore). */
  readonly sizeBytes?: number;
}

/** A volume's data now, or the data of one of its snapshots. */
export type DeviceTarget =
  | { readonly kind: 'volume'; readonly volume: Volume }
  | { readonly kind: 'snapshot'; readonly snapshot: Snapshot };

/** `volume` with what a driver returned: what a store does, for callers without one. */
export function applyUpdate<T extends Volume | Snapshot>(object: T, update: ModelUpdate): T {
  const { providerMetadata, ...fields } = update;
  const merged = { ...object.providerMetadata, ...providerMetadata };
  const kept = Object.entries(merged).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { ...object, ...fields, providerMetadata: Object.fromEntries(kept) };
}
