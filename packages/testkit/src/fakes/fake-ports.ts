import { Clock, CommandRunner, LockManager, Logger } from '@scoria/core';
import { ContainerModule } from 'inversify';
import { FakeClock } from './fake-clock.js';
import { FakeCommandRunner } from './fake-command-runner.js';
import { FakeLockManager } from './fake-lock-manager.js';
import { MemoryLogger } from './memory-logger.js';

/** The ports every driver may ask for. */
export interface Ports {
  readonly commandRunner: CommandRunner;
  readonly lockManager: LockManager;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Binds all ports in a root container: those given, and fakes for the others. */
export function fakePorts(ports: Partial<Ports> = {}): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind<CommandRunner>(CommandRunner).toConstantValue(ports.commandRunner ?? new FakeCommandRunner());
    bind<LockManager>(LockManager).toConstantValue(ports.lockManager ?? new FakeLockManager());
    bind<Clock>(Clock).toConstantValue(ports.clock ?? new FakeClock({ autoAdvance: true }));
    bind<Logger>(Logger).toConstantValue(ports.logger ?? new MemoryLogger());
  });
}
