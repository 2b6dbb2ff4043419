import type { CommandRequest, CommandResult, CommandRunner, RunningCommand } from '@scoria/core';
import type { AllowRule } from '@scoria/host';
import { mountRules } from '@scoria/host';

/** The network a mount is made from, as an argument of nsenter(1); others besides, such as other mounts. */
export type Namespaces = readonly string[];

/** Mounts from within a server's network, and runs everything else as it is. */
export class GlusterRunner implements CommandRunner {
  constructor(
    private readonly runner: CommandRunner,
    private readonly namespaces: Namespaces,
  ) {}

  async run(request: CommandRequest): Promise<CommandResult> {
    return this.runner.run(this.#within(request));
  }

  async start(request: CommandRequest): Promise<RunningCommand> {
    return this.runner.start(this.#within(request));
  }

  async isolate(): Promise<void> {
    return this.runner.isolate();
  }

  #within(request: CommandRequest): CommandRequest {
    if (request.command !== 'mount') return request;
    return { ...request, command: 'nsenter', args: [...this.namespaces, 'mount', ...request.args] };
  }
}

/** The rules that a program gives for its mounts, with the detour of {@link GlusterRunner}. */
export function glusterRules(mountPointBase: string, namespaces: Namespaces): AllowRule[] {
  return mountRules(mountPointBase).map((rule) => {
    if (rule.program !== 'mount') return rule;
    const detour = [...namespaces, 'mount'].map((text) => ({ kind: 'literal', text }) as const);
    return { ...rule, program: 'nsenter', args: [...detour, ...rule.args] };
  });
}
