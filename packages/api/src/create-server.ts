import type { VolumeManager } from '@scoria/manager';
import type { FastifyInstance } from 'fastify';
import { fastify } from 'fastify';
import { addHealthRoutes } from './health-routes.js';

const BODY_BYTES = 1024 * 1024;
const REQUEST_MS = 60_000;

/** The HTTP side of a manager; the caller listens and closes. Answers are JSON, errors too. */
export function createServer(manager: VolumeManager): FastifyInstance {
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
  return server;
}
