import { Clock, CommandRunner } from '@scoria/core';
import { hostModule } from '@scoria/host';
import { Container } from 'inversify';

/** This machine's commands and time, for a suite that brings its own locks and logger. */
export function hostPorts(): { commandRunner: CommandRunner; clock: Clock } {
  const container = new Container();
  container.load(hostModule({ log: { level: 'error' } }));
  return { commandRunner: container.get<CommandRunner>(CommandRunner), clock: container.get<Clock>(Clock) };
}
