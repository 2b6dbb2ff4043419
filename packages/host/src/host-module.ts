import { Clock, CommandRunner, LockManager, Logger } from '@scoria/core';
import { ContainerModule } from 'inversify';
import { SystemClock } from './clock/system-clock.js';
import { ExecaCommandRunner } from './command/execa-command-runner.js';
import { HostOptions } from './host-options.js';
import { FileLockManager } from './lock/file-lock-manager.js';
import { HeldLocks } from './lock/held-locks.js';
import { Redactor } from './logging/redactor.js';
import { ProgramStarters, programStarters } from './starter/program-starters.js';
import { WinstonLogger } from './logging/winston-logger.js';

/** Binds the ports to this machine. One for each process: its locks are those its programs inherit. */
export function hostModule(options: HostOptions = {}): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(HostOptions).toConstantValue(options);
    bind(Redactor).toSelf().inSingletonScope();
    bind(HeldLocks).toSelf().inSingletonScope();
    bind(ProgramStarters).toConstantValue(programStarters);
    bind(Clock).to(SystemClock).inSingletonScope();
    bind(Logger)
      .toDynamicValue((context) => WinstonLogger.create(context.get(Redactor), options.log))
      .inSingletonScope();
    bind(CommandRunner).to(ExecaCommandRunner).inSingletonScope();
    bind(LockManager).to(FileLockManager).inSingletonScope();
  });
}
