import type { CommandRequest, CommandResult, CommandRunner, RunningCommand } from '@scoria/core';

/** Runs what it is asked to, and remembers it. */
export class SpiedRunner implements CommandRunner {
  readonly requests: CommandRequest[] = [];

  constructor(private readonly runner: CommandRunner) {}

  async run(request: CommandRequest): Promise<CommandResult> {
    this.requests.push(request);
    return this.runner.run(request);
  }

  async start(request: CommandRequest): Promise<RunningCommand> {
    this.requests.push(request);
    return this.runner.start(request);
  }

  async isolate(): Promise<void> {
    return this.runner.isolate();
  }

  /** The calls of qemu's tools that leave something to be guessed, or that have no limits. */
  careless(): string[] {
    const calls = this.requests.filter(({ args }) => !args.includes('--version'));
    const wrong = calls.filter(({ args, limits }) => limits === undefined || !namesFormats(args));
    return wrong.map(({ command, args }) => `${command} ${args.join(' ')}`);
  }
}

/** Either the file is a graph in which every node has its driver, or its format is an option of its own. */
function namesFormats(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  const options = args.slice(0, end);
  const image = args[end + 1] ?? '';
  if (end === -1 || !args.slice(end + 1).every((arg) => /^(?:\/|json:|\d+$)/.test(arg))) return false;
  if (options.includes('-b') && !options.includes('-F')) return false;
  return image.startsWith('json:') ? isExplicit(JSON.parse(image.slice(5))) : options.includes('-f');
}

function isExplicit(node: unknown): boolean {
  if (typeof node !== 'object' || node === null) return true;
  const { driver, backing } = node as { driver?: unknown; backing?: unknown };
  const says = typeof driver === 'string' && (driver !== 'qcow2' || backing !== undefined);
  return says && Object.values(node).every(isExplicit);
}
