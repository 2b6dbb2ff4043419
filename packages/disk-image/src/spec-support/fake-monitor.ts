import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

export interface FakeCommand {
  readonly execute: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly id: number;
}

export const GREETING = { QMP: { version: {}, capabilities: [] } };

/** What a command is answered with: a value, a refusal, or nothing at all. */
export type FakeAnswer =
  | { readonly return: unknown }
  | { readonly error: { readonly class: string; readonly desc: string } }
  | undefined;

/** A monitor that says what a test has it say. It greets everyone at once. */
export class FakeMonitor implements AsyncDisposable {
  /** The commands it was given, but those that end the greeting. */
  readonly commands: FakeCommand[] = [];
  readonly sockets = new Set<Socket>();
  /** What is written to whoever connects. */
  greeting = `${JSON.stringify(GREETING)}\r\n`;
  answer: (command: FakeCommand, socket: Socket) => FakeAnswer = () => ({ return: {} });

  private constructor(
    readonly path: string,
    private readonly server: Server,
  ) {
    server.on('connection', (socket) => this.#serve(socket));
  }

  static async listen(path: string): Promise<FakeMonitor> {
    const monitor = new FakeMonitor(path, createServer());
    monitor.server.listen(path);
    await once(monitor.server, 'listening');
    return monitor;
  }

  /** Says something to everyone who is connected. */
  say(text: string): void {
    for (const socket of this.sockets) socket.write(text);
  }

  named(execute: string): readonly FakeCommand[] {
    return this.commands.filter((command) => command.execute === execute);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  #serve(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => this.sockets.delete(socket));
    if (this.greeting !== '') socket.write(this.greeting);
    let rest = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      const lines = `${rest}${text}`.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#take(JSON.parse(line) as FakeCommand, socket);
    });
  }

  #take(command: FakeCommand, socket: Socket): void {
    const isGreeting = command.execute === 'qmp_capabilities';
    if (!isGreeting) this.commands.push(command);
    const answer = isGreeting ? { return: {} } : this.answer(command, socket);
    if (answer !== undefined) socket.write(`${JSON.stringify({ ...answer, id: command.id })}\r\n`);
  }
}
