import type { CommandLimits } from '@scoria/core';

/** A program's absolute path, and its arguments. */
export interface CommandLine {
  readonly file: string;
  readonly args: readonly string[];
}

/** Where the programs are that start another one in their own process. */
export interface Launchers {
  readonly setpriv: string;
  readonly prlimit: string;
}

/**
 * The program started so that it dies with this process, even when that is killed: a program that went on
 * alone would write where its successor has begun to repair. Both launchers exec, so the process id stays.
 */
export function launched(line: CommandLine, launchers: Launchers, limits?: CommandLimits): CommandLine {
  return behind(launchers.setpriv, ['--pdeathsig', 'KILL', '--'], limited(line, launchers, limits));
}

function limited(line: CommandLine, { prlimit }: Launchers, limits?: CommandLimits): CommandLine {
  if (limits === undefined) return line;
  return behind(prlimit, [...limitOptions(limits), '--'], line);
}

/** Limited programs read hostile files: they leave no core dump either. */
function limitOptions({ addressSpaceBytes, cpuSeconds, fileSizeBytes }: CommandLimits): string[] {
  const options = ['--core=0'];
  if (addressSpaceBytes !== undefined) options.push(`--as=${whole(addressSpaceBytes)}`);
  // At the first the process gets SIGXCPU, by which the limit is known; the second kills it for sure.
  if (cpuSeconds !== undefined) options.push(`--cpu=${whole(cpuSeconds)}:${whole(cpuSeconds) + 1}`);
  if (fileSizeBytes !== undefined) options.push(`--fsize=${whole(fileSizeBytes)}`);
  return options;
}

function whole(value: number): number {
  return Math.max(0, Math.ceil(value));
}

function behind(launcher: string, options: readonly string[], line: CommandLine): CommandLine {
  return { file: launcher, args: [...options, line.file, ...line.args] };
}
