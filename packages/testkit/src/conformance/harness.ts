import type {
  ConnectionInfo,
  Connector,
  DriverPlugin,
  ImageSource,
  ManageReference,
  Snapshot,
  Volume,
  VolumeType,
} from '@scoria/core';
import type { ContainerModule } from 'inversify';
import type { Ports } from '../fakes/fake-ports.js';

/** What the suite needs to know to test a driver: the plugin, and storage to run it on. */
export interface ConformanceHarness {
  readonly plugin: DriverPlugin;
  /** Storage for one test: empty, with nobody else on it. */
  freshStorage(): Promise<ConformanceStorage>;
  /** The size of the test's volumes; 4 MiB unless told. A multiple of 128 KiB; other sizes are multiples of it. */
  readonly volumeBytes?: number;
  /**
   * Ports instead of the fakes: what runs real commands, for one. Locks are always the kit's own, because tests
   * kill their holders, and so is the logger, because tests read what is logged.
   */
  readonly ports?: Partial<Pick<Ports, 'commandRunner' | 'clock'>>;
  /** Loaded into the root container besides: ports of the driver's family. */
  readonly bindings?: readonly ContainerModule[];
  /** Types that the driver makes something of, and that a volume can be given where it is. */
  readonly types?: readonly VolumeType[];
  /** A connector that is as it should be; a host with a name, an address and an initiator unless told. */
  readonly connector?: Connector;
  /** Connectors that lack something this backend needs. */
  readonly invalidConnectors?: readonly Connector[];
}

/** The storage of one test. Backends come and go on it as processes do. */
export interface ConformanceStorage {
  /** The backend's options as configured, without `volume_driver`. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The names of all that is on the storage, locks and logs aside. Without it nothing is checked for leftovers. */
  leftovers?(): Promise<readonly string[]>;
  /** The room that is taken. Without it `trim` is judged by what devices say. */
  usedBytes?(): Promise<number>;
  /** How an operator would name a volume on the storage; found by listing unless told. */
  referenceOf?(volume: Volume): ManageReference;
  /**
   * An image of an image service with the data of a snapshot, which a volume can be cloned of. Who declares `cloneImage`
   * needs it. It does not depend on the snapshot's volume afterwards, or goes with the storage.
   */
  imageOf?(snapshot: Snapshot): Promise<ImageSource>;
  /** Uses a volume as a guest would, until the returned function is called. */
  attachGuest?(volume: Volume, connection: ConnectionInfo): Promise<() => Promise<void>>;
  dispose?(): Promise<void>;
}
