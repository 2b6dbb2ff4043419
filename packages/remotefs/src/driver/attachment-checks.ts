import { DriverError } from '@scoria/core';
import type { Connector, Volume } from '@scoria/core';
import type { Layer } from '../chain/chain.js';

/** @throws DriverError `invalid-connector` */
export function requireConnector(connector: Connector): void {
  const { host } = connector as Partial<Connector>;
  if (typeof host === 'string' && host !== '') return;
  throw new DriverError({
    code: 'invalid-connector',
    message: `the connector has no 'host'; give the name of the host that wants the volume`,
  });
}

/**
 * A guest that can write a volume's header can make it larger than it paid for; so could a wrong file.
 * @throws DriverError `unsafe-image`
 */
export function requireExpectedSize(volume: Volume, active: Layer): void {
  if (active.virtualBytes === volume.sizeBytes) return;
  throw new DriverError({
    code: 'unsafe-image',
    message:
      `volume ${volume.id} is not attached: its active file ${active.file} has ${String(active.virtualBytes)} ` +
      `bytes, and the volume ${String(volume.sizeBytes)}; if an extension was cut off, extend it again`,
    details: { volumeId: volume.id, file: active.file },
  });
}
