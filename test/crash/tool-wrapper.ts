import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** With what qemu-img changes files. Calls that only ask for something to be on disk are none. */
const WRITES = 'pwrite64,pwritev,pwritev2,ftruncate,fallocate,copy_file_range';

const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface ToolKill {
  /** Which run of qemu-img, counted from 1; those that only ask for the version do not count. */
  readonly run: number;
  /** Before which of its writes, counted from 1 in each of its threads. */
  readonly write: number;
  /** The program that has started it is killed with it. */
  readonly withProgram?: boolean;
}

/** A qemu-img that is killed in the middle of its work, in a directory that is looked into first. */
export class ToolWrapper {
  readonly systemPath: string;

  constructor(private readonly directory: string) {
    this.systemPath = `${directory}:${SYSTEM_PATH}`;
  }

  async set({ run, write, withProgram = false }: ToolKill): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
    await mkdir(this.directory, { recursive: true });
    const script = path.join(this.directory, 'qemu-img');
    await writeFile(script, this.#script(run, write, withProgram));
    await chmod(script, 0o755);
  }

  /** How many runs there were. */
  async runs(): Promise<number> {
    return Number(await this.#note('runs'));
  }

  async hasKilled(): Promise<boolean> {
    return (await this.#note('killed')) !== '';
  }

  async #note(name: string): Promise<string> {
    return readFile(path.join(this.directory, name), 'utf8').catch(() => '');
  }

  #script(run: number, write: number, withProgram: boolean): string {
    const real = `PATH=${SYSTEM_PATH} qemu-img`;
    const inject = `inject=${WRITES}:signal=SIGKILL:when=${String(write)}`;
    return [
      '#!/bin/sh',
      `cd ${this.directory} || exit 1`,
      `if [ "$1" = --version ]; then ${real} "$@"; exit; fi`,
      'runs=$(($(cat runs 2>/dev/null || echo 0) + 1))',
      'echo $runs > runs',
      `if [ $runs -ne ${String(run)} ]; then ${real} "$@"; exit; fi`,
      `PATH=${SYSTEM_PATH} strace -f -qq -o /dev/null -e trace=${WRITES} -e ${inject} qemu-img "$@"`,
      'status=$?',
      'if [ $status -eq 137 ]; then',
      '  echo yes > killed',
      ...(withProgram ? ['  kill -KILL $PPID'] : []),
      '  kill -KILL $$',
      'fi',
      'exit $status',
      '',
    ].join('\n');
  }
}
