import type { ConnectionInfo, Connector, Volume } from '@scoria/core';
import { secretValues } from '@scoria/core';
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { makeVolume } from '../../builders.js';
import { stageCase } from '../case.js';
import { assertRefused } from '../checks.js';
import type { Stage } from '../stage.js';

const CONNECTOR: Connector = {
  host: 'host-1',
  ip: '192.0.2.1',
  initiator: 'iqn.2026-01.org.example:host-1',
  multipath: false,
};

/** A connector of one of the harness's kind. */
export function connectorOf(stage: Stage, host = 'host-1'): Connector {
  const connector = stage.harness.connector ?? CONNECTOR;
  if (host === 'host-1') return connector;
  const { initiator } = connector;
  return { ...connector, host, ...(initiator === undefined ? {} : { initiator: `${initiator}-${host}` }) };
}

async function connect(stage: Stage, volume: Volume, host?: string): Promise<ConnectionInfo> {
  return stage.driver.initializeConnection(stage.context(), volume, connectorOf(stage, host));
}

async function disconnect(stage: Stage, volume: Volume, host?: string): Promise<void> {
  await stage.driver.terminateConnection(stage.context(), volume, connectorOf(stage, host));
}

async function comesAndGoes(stage: Stage): Promise<void> {
  const before = await stage.leftovers();
  const volume = await stage.volume();
  const info = await connect(stage, volume);
  const { storageProtocol } = await stage.driver.stats(stage.context());
  assert.equal(info.driver_volume_type, storageProtocol, 'driver_volume_type, the storageProtocol of stats');
  assert.deepEqual(JSON.parse(JSON.stringify(info)), info, 'connection info is JSON');
  assert.deepEqual(await connect(stage, volume), info, 'connection info asked for again');
  await disconnect(stage, volume);
  await disconnect(stage, volume);
  await stage.deleteVolume(volume);
  await disconnect(stage, volume);
  assert.deepEqual(await stage.leftovers(), before, 'what is on the storage after all was deleted');
}

async function severalHosts(stage: Stage): Promise<void> {
  const volume = await stage.volume();
  const unconnected = await stage.leftovers();
  await connect(stage, volume);
  const one = await stage.leftovers();
  await connect(stage, volume, 'host-2');
  await disconnect(stage, volume, 'host-2');
  assert.deepEqual(await stage.leftovers(), one, 'what is on the storage after one of two hosts went');
  await connect(stage, volume, 'host-2');
  await stage.driver.terminateConnection(stage.context(), volume, undefined);
  assert.deepEqual(
    await stage.leftovers(),
    unconnected,
    'what is on the storage after all hosts were sent away',
  );
}

async function afterRestart(stage: Stage): Promise<void> {
  const volume = await stage.volume();
  const info = await connect(stage, volume);
  await stage.restart();
  const inUse = { ...volume, status: 'in-use' } as const;
  await stage.driver.ensureExport(stage.context(), inUse);
  await stage.driver.ensureExport(stage.context(), inUse);
  assert.deepEqual(await connect(stage, inUse), info, 'connection info after a restart');
  await disconnect(stage, inUse);
  await stage.deleteVolume(volume);
}

async function badConnectors(stage: Stage): Promise<void> {
  const volume = await stage.volume();
  const before = await stage.leftovers();
  for (const connector of stage.harness.invalidConnectors ?? []) {
    await assertRefused(`the connector ${JSON.stringify(connector)}`, 'invalid-connector', () =>
      stage.driver.initializeConnection(stage.context(), volume, connector),
    );
  }
  assert.deepEqual(await stage.leftovers(), before, 'what is on the storage after refused connectors');
}

async function missingVolume(stage: Stage): Promise<void> {
  const volume = { ...makeVolume({ sizeBytes: stage.size }), status: 'available' } as const;
  await assertRefused('connecting to a volume that never was', 'volume-not-found', () =>
    connect(stage, volume),
  );
  await disconnect(stage, volume);
}

/** All that the driver says, where it says something: connection info, errors, log lines. */
async function whatIsSaid(stage: Stage): Promise<string> {
  const said: unknown[] = [];
  const listen = async (action: Promise<unknown>): Promise<void> => {
    said.push(await action.catch((error: unknown) => error));
  };
  const volume = await stage.volume();
  await listen(connect(stage, volume));
  await listen(disconnect(stage, volume));
  await listen(stage.volume({ id: volume.id }));
  await listen(stage.snapshot(volume));
  await listen(stage.deleteVolume(volume));
  const missing = { ...makeVolume(), status: 'available' } as const;
  await listen(stage.read(missing));
  await listen(stage.extend(missing, 2 * missing.sizeBytes));
  await listen(stage.driver.stats(stage.context()));
  await stage.restart();
  said.push(stage.logger.lines);
  return inspect(said, { depth: 20, showHidden: true, maxArrayLength: 10_000, maxStringLength: 100_000 });
}

async function secretsStaySecret(stage: Stage): Promise<void> {
  const secrets = secretValues(stage.harness.plugin.options, stage.backend.options);
  const said = await whatIsSaid(stage);
  for (const secret of secrets) {
    assert.ok(
      !said.includes(secret),
      'the value of a secret option was in connection info, an error or a log line',
    );
  }
}

export const connectingCases = [
  stageCase('initializeConnection: asked twice is the same; terminated twice is fine', comesAndGoes),
  stageCase('initializeConnection: several hosts come and go on their own', severalHosts),
  stageCase('initializeConnection: a missing volume is volume-not-found', missingVolume),
  stageCase('initializeConnection: a connector that lacks something is invalid-connector', badConnectors),
  stageCase('ensureExport: puts connections back after a restart', afterRestart),
  stageCase('secrets: in no connection info, error or log line', secretsStaySecret),
];
