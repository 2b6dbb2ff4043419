import type { VolumeManager } from '@scoria/manager';
import type { FastifyInstance } from 'fastify';

/** Whether the process lives, whether it can work, and what it has done. */
export function addHealthRoutes(server: FastifyInstance, manager: VolumeManager): void {
  server.get('/healthcheck', async (_request, reply) => reply.type('text/plain').send('OK'));
  server.get('/readiness', async (_request, reply) => {
    const readiness = await manager.readiness();
    return reply.status(readiness.ready ? 200 : 503).send(readiness);
  });
  server.get('/metrics', async (_request, reply) =>
    reply.type('text/plain; version=0.0.4; charset=utf-8').send(await manager.metrics()),
  );
}
