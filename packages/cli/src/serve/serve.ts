import { createServer } from '@scoria/api';
import type { Configuration, VolumeManager } from '@scoria/manager';
import { createVolumeManager, ManagerError, serviceTokensOf } from '@scoria/manager';
import { messageOf } from '@scoria/core';
import { SystemClock } from '@scoria/host';
import { endAtOnce } from '../end-in-any-case.js';

/** Runs the manager and its HTTP side until SIGTERM or SIGINT; a second signal ends it at once. */
export async function serve(configuration: Configuration): Promise<void> {
  const { host, port } = configuration.listen;
  await using manager = await createVolumeManager(configuration);
  const serviceTokens = serviceTokensOf(configuration, { clock: new SystemClock() });
  const server = createServer(manager, { serviceTokens });
  const stopped = untilStopped();
  try {
    const address = await server.listen({ host, port }).catch((cause: unknown) => {
      throw cannotListen(host, port, cause);
    });
    await manager.start();
    await manager.settled();
    await sayWhatRuns(manager, configuration, address);
    await stopped;
    process.stderr.write('scoria: stopping; a second signal ends it at once\n');
  } finally {
    await server.close();
  }
}

async function untilStopped(): Promise<void> {
  await new Promise<void>((resolve) => {
    let signals = 0;
    const onSignal = (): void => {
      signals += 1;
      if (signals > 1) endAtOnce(130);
      resolve();
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}

function cannotListen(host: string, port: number, cause: unknown): ManagerError {
  const inUse = (cause as { code?: unknown }).code === 'EADDRINUSE';
  const why = inUse
    ? 'another process listens there; stop it, or choose another with --listen'
    : messageOf(cause);
  return new ManagerError({
    code: 'operation-failed',
    message: `the manager cannot listen on ${host}:${String(port)}: ${why}`,
    cause,
  });
}

async function sayWhatRuns(
  manager: VolumeManager,
  configuration: Configuration,
  address: string,
): Promise<void> {
  const { file, statePath, databaseUrl } = configuration;
  const { backends } = await manager.readiness();
  const database = databaseUrl.startsWith('sqlite:') ? databaseUrl : databaseUrl.replace(/\/\/[^@/]*@/, '//');
  const lines = [
    `scoria serves on ${address} (/healthcheck, /readiness, /metrics)`,
    `  configuration  ${file ?? 'the embedded default'}`,
    `  state          ${statePath}`,
    `  database       ${database}`,
    ...backends.map(
      ({ name, state, reason }) =>
        `  backend        ${name} is ${state}${reason === undefined ? '' : `: ${reason}`}`,
    ),
    'To try, in another terminal:',
    '  npx scoria volume create data --size 1',
    '  npx scoria snapshot create data monday',
    '  npx scoria volume chain data',
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
