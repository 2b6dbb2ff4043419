import type { AttachRequest } from '@scoria/manager';
import { readFile, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { UsageError } from '../usage-error.js';
import { systemCodeOf } from './system-code.js';

/** The options of `volume attach` as they were typed. */
export interface AttachOptions {
  readonly host?: string;
  readonly instance?: string;
  readonly monitor?: string;
  readonly device?: string;
  readonly connector?: string;
}

/** @throws UsageError */
export async function attachRequestOf(volume: string, options: AttachOptions): Promise<AttachRequest> {
  const { instance, monitor, device } = options;
  if (monitor !== undefined) await requireSocket(monitor);
  return {
    volume,
    connector: await connectorOf(options),
    ...(instance === undefined ? {} : { instanceId: instance }),
    ...(monitor === undefined ? {} : { monitor }),
    ...(device === undefined ? {} : { device }),
  };
}

async function connectorOf({ host, connector: written }: AttachOptions): Promise<AttachRequest['connector']> {
  const connector = written === undefined ? {} : parsed(written, await textOf(written));
  const named = connector.host;
  if (host !== undefined && named !== undefined && host !== named) {
    throw new UsageError(
      `--host is ${JSON.stringify(host)}, and the connector's host ${JSON.stringify(named)}; name one of them`,
    );
  }
  if (named !== undefined && typeof named !== 'string') {
    throw new UsageError(`the connector's host must be its name, and is ${JSON.stringify(named)}`);
  }
  return { ...connector, host: host ?? named ?? hostname() };
}

async function textOf(written: string): Promise<string> {
  if (written.trimStart().startsWith('{')) return written;
  try {
    return await readFile(written, 'utf8');
  } catch (error) {
    throw new UsageError(
      `--connector is a file or JSON ({ "initiator": ... }), and ${written} cannot be read (${systemCodeOf(error)})`,
    );
  }
}

function parsed(written: string, text: string): Record<string, unknown> {
  const value = jsonOf(text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new UsageError(
    `the connector ${written} is no JSON object, such as { "initiator": "iqn.1994-05..." }`,
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** What is not there now would be taken for a guest that does not run. */
async function requireSocket(monitor: string): Promise<void> {
  const expected =
    "--monitor must be the absolute path of the guest's monitor socket (qemu -qmp unix:PATH,...)";
  if (!path.isAbsolute(monitor)) throw new UsageError(`${expected}, and ${monitor} is relative`);
  try {
    if ((await stat(monitor)).isSocket()) return;
  } catch (error) {
    throw new UsageError(`${expected}, and ${monitor} cannot be looked at (${systemCodeOf(error)})`);
  }
  throw new UsageError(`${expected}, and ${monitor} is no socket`);
}
