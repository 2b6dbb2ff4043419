import { Clock, DriverError, DriverOptions } from '@scoria/core';
import type { ConnectionInfo, Connector, Volume } from '@scoria/core';
import type { MonitorAddress } from '@scoria/librbd';
import { inject, injectable } from 'inversify';
import type { Connected } from '../cluster/rbd-connection.js';
import { RbdConnection } from '../cluster/rbd-connection.js';
import { volumeImage } from '../names.js';
import type { RbdOptions } from '../options.js';
import { noVolume } from './clone-volume.js';

/** Monitors come and go rarely, and hosts need only one that is there. */
const KEPT_MS = 30_000;

interface KnownMonitors {
  readonly cluster: Connected['cluster'];
  readonly at: number;
  readonly addresses: readonly MonitorAddress[];
}

/** Says how hosts reach volumes: in the words of Nova and os-brick, and without a key. */
@injectable()
export class ConnectionInfos {
  #monitors: KnownMonitors | undefined;

  constructor(
    @inject(RbdConnection) private readonly connection: RbdConnection,
    @inject(DriverOptions) private readonly options: RbdOptions,
    @inject(Clock) private readonly clock: Clock,
  ) {}

  /** @throws DriverError `invalid-connector`, `volume-not-found` */
  async of(volume: Volume, connector: Connector): Promise<ConnectionInfo> {
    requireConnector(connector);
    return this.connection.use(`connect volume ${volume.id}`, async (connected) => {
      const { pool, cluster } = connected;
      const [image, addresses] = await Promise.all([
        pool.head(volumeImage(volume.id)),
        this.#addresses(connected),
      ]);
      if (image === undefined) throw noVolume(volume, pool);
      const { rbd_cluster_name, rbd_user, rbd_secret_uuid } = this.options;
      return {
        driver_volume_type: 'rbd',
        data: {
          name: `${pool.name}/${volumeImage(volume.id)}`,
          hosts: addresses.map(({ host }) => host),
          ports: addresses.map(({ port }) => String(port)),
          cluster_name: rbd_cluster_name,
          auth_enabled: Boolean(rbd_user),
          auth_username: rbd_user === undefined || rbd_user === '' ? null : rbd_user,
          secret_type: 'ceph',
          secret_uuid:
            rbd_secret_uuid === undefined || rbd_secret_uuid === '' ? cluster.fsid : rbd_secret_uuid,
          volume_id: volume.id,
          discard: true,
        },
      };
    });
  }

  async #addresses({ cluster }: Connected): Promise<readonly MonitorAddress[]> {
    const known = this.#monitors;
    if (known?.cluster === cluster && this.clock.now() - known.at < KEPT_MS) return known.addresses;
    const addresses = await cluster.monitors();
    this.#monitors = { cluster, at: this.clock.now(), addresses };
    return addresses;
  }
}

function requireConnector(connector: Connector): void {
  const { host } = connector as Partial<Connector>;
  if (typeof host === 'string' && host !== '') return;
  throw new DriverError({
    code: 'invalid-connector',
    message: `the connector has no 'host'; give the name of the host that wants the volume`,
  });
}
