import type { Readiness, VolumeManager } from '@scoria/manager';
import { createServer } from './create-server.js';

const UP: Readiness = { ready: true, database: { ok: true }, backends: [{ name: 'local', state: 'up' }] };
const DOWN: Readiness = {
  ready: false,
  database: { ok: true },
  backends: [{ name: 'local', state: 'down', reason: 'the directory is gone' }],
};

function serverOf(readiness: Readiness): ReturnType<typeof createServer> {
  const manager: Partial<VolumeManager> = {
    readiness: () => Promise.resolve(readiness),
    metrics: () => Promise.resolve('scoria_operations_running 0\n'),
  };
  return createServer(manager as VolumeManager);
}

describe('the HTTP server', () => {
  it.each([
    ['/healthcheck', UP, 200, 'OK'],
    ['/healthcheck', DOWN, 200, 'OK'],
    ['/readiness', UP, 200, JSON.stringify(UP)],
    ['/readiness', DOWN, 503, JSON.stringify(DOWN)],
    ['/metrics', UP, 200, 'scoria_operations_running 0\n'],
    ['/v9', UP, 404, '{"error":{"code":"not-found","message":"there is no GET /v9"}}'],
  ])('answers GET %s', async (url, readiness, status, body) => {
    await using server = serverOf(readiness);
    const answer = await server.inject({ method: 'GET', url });
    expect({ status: answer.statusCode, body: answer.body }).toEqual({ status, body });
  });
});
