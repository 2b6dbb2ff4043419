import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { buffer, text } from 'node:stream/consumers';
import { createRequire } from 'node:module';
import path from 'node:path';

const MINUTE = 60_000;

/** The `scoria` command in a directory of its own, as a person would type it there. */
export class Scoria {
  readonly #program: string;

  constructor(
    private readonly directory: string,
    private readonly say: (line: string) => void,
  ) {
    const manifest = createRequire(import.meta.url).resolve('@scoria/cli/package.json');
    this.#program = path.join(path.dirname(manifest), 'bin', 'scoria.cjs');
  }

  /** Runs a command, shows it with what it printed, and fails if it does. */
  async run(...args: string[]): Promise<void> {
    this.say(`$ scoria ${args.join(' ')}`);
    const printed = (await this.#spawn(args)).toString('utf8').trimEnd();
    if (printed !== '') this.say(printed);
  }

  /** Runs a command and shows only that it was run. */
  async quietly(...args: string[]): Promise<void> {
    this.say(`$ scoria ${args.join(' ')}`);
    await this.#spawn(args);
  }

  async write(volume: string, words: string): Promise<void> {
    this.say(`$ echo -n "${words}" | scoria volume import ${volume} -`);
    await this.#spawn(['volume', 'import', volume, '-'], words);
  }

  /** The first bytes of a volume. */
  async read(volume: string, length: number): Promise<string> {
    const file = `${volume}.img`;
    this.say(`$ scoria volume export ${volume} ${file} --force && head -c ${String(length)} ${file}`);
    await this.#spawn(['volume', 'export', volume, file, '--force']);
    await using handle = await open(path.join(this.directory, file));
    const { buffer: bytes } = await handle.read(Buffer.alloc(length), 0, length, 0);
    return bytes.toString('utf8');
  }

  async #spawn(args: readonly string[], input = ''): Promise<Buffer> {
    const child = spawn(process.execPath, [this.#program, ...args], { cwd: this.directory, timeout: MINUTE });
    child.stdin.end(input);
    const [output, said] = await Promise.all([buffer(child.stdout), text(child.stderr), ended(child)]);
    if (child.exitCode !== 0) throw new Error(`scoria ${args.join(' ')} failed: ${said}`);
    return output;
  }
}

async function ended(child: ReturnType<typeof spawn>): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => {
      resolve();
    });
  });
}
