import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { programOf, scoria } from './run-program.js';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

describe('scoria serve', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'scoria-serve-'));
  });
  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  it('serves on an empty directory, lets commands work beside it, and stops when told', async () => {
    const address = `127.0.0.1:${String(await freePort())}`;
    const program = programOf('packages/cli/bin/scoria.cjs');
    const serving = spawn(process.execPath, [program, 'serve', '--listen', address], { cwd: directory });
    const ended = once(serving, 'close');
    try {
      const lines = createInterface({ input: serving.stdout });
      const said: string[] = [];
      for await (const line of lines) if (said.push(line) === 9) break;
      expect(said[0]).toBe(`scoria serves on http://${address} (/healthcheck, /readiness, /metrics)`);
      expect(said.slice(-3).every((line) => line.startsWith('  npx scoria '))).toBe(true);

      const readiness = await fetch(`http://${address}/readiness`);
      expect(await readiness.json()).toEqual({
        ready: true,
        database: { ok: true },
        backends: [{ name: 'local', state: 'up' }],
      });

      const created = await scoria(directory, '--json', 'volume', 'create', 'data', '--size', '1');
      expect(JSON.parse(created.stdout)).toMatchObject({ name: 'data', status: 'available', size: 1 });
      const metrics = await (await fetch(`http://${address}/metrics`)).text();
      expect(metrics).toContain('scoria_backend_up{backend="local"} 1');

      const second = await scoria(directory, 'serve', '--listen', address);
      expect(second.status).toBe(1);
      expect(second.stderr).toContain('another process listens there');
    } finally {
      serving.kill('SIGTERM');
      expect(await ended).toEqual([0, null]);
    }
  });
});
