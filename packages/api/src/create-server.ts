import type { TokenCheck, VolumeManager } from '@scoria/manager';
import type { FastifyInstance } from 'fastify';
import { fastify } from 'fastify';
import { addHealthRoutes } from './health-routes.js';
import { addSnapshotActionRoutes } from './snapshot-action-routes.js';

const BODY_BYTES = 1024 * 1024;
const REQUEST_MS = 60_000;

export interface ServerOptions {
  /** Tells services from others by their tokens; what only services may do is not there without it. */
  readonly serviceTokens?: TokenCheck | undefined;
}

/** The HTTP side of a manager; the caller listens and closes. Answers are JSON, errors too. */
export function createServer(manager: VolumeManager, { serviceTokens }: ServerOptions = {}): FastifyInstance {
  const server = fastify({
    logger: false,
    bodyLimit: BODY_BYTES,
    requestTimeout: REQUEST_MS,
    forceCloseConnections: true,
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false } },
  });
  server.setNotFoundHandler(async (request, reply) =>
    reply
      .status(404)
      .send({ error: { code: 'not-found', message: `there is no ${request.method} ${request.url}` } }),
  );
  addHealthRoutes(server, manager);
  if (serviceTokens !== undefined) addSnapshotActionRoutes(server, manager, serviceTokens);
  return server;
}
