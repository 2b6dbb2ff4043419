import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { CloudAnswer, CloudRequest } from './cloud-request.js';
import { FakeKeystone } from './fake-keystone.js';
import { FakeNova } from './fake-nova.js';

/** Answers in place of the services; `undefined` lets them answer, `hang` lets nobody. */
export type Intercept = (request: CloudRequest, response: ServerResponse) => CloudAnswer | 'hang' | undefined;

export interface FakeCloudOptions {
  readonly tls?: { readonly key: string; readonly cert: string };
}

/** A Keystone (v3) and a Nova on loopback, with a user, and as much of a mind as tests of snapshots need. */
export class FakeCloud implements AsyncDisposable {
  readonly keystone: FakeKeystone;
  readonly nova: FakeNova;
  /** Every request, in order. */
  readonly requests: CloudRequest[] = [];
  intercept: Intercept = () => undefined;

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {
    this.keystone = new FakeKeystone(`${url}/compute/v2.1`);
    this.nova = new FakeNova(this.keystone);
  }

  static async start({ tls }: FakeCloudOptions = {}): Promise<FakeCloud> {
    const server = tls === undefined ? createServer() : createSecureServer({ ...tls });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const url = tls === undefined ? `http://127.0.0.1:${String(port)}` : `https://localhost:${String(port)}`;
    const cloud = new FakeCloud(server, url);
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      cloud.#serve(request, response).catch((error: unknown) => response.destroy(error as Error));
    });
    return cloud;
  }

  /** Keystone's address, as a configuration has it. */
  get authUrl(): string {
    return `${this.url}/identity`;
  }

  /** The requests to a path that ends so. */
  to(method: string, ending: string): CloudRequest[] {
    return this.requests.filter((request) => request.method === method && request.path.endsWith(ending));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.nova.settled();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await read(incoming);
    this.requests.push(request);
    const answer = this.intercept(request, response) ?? this.#answer(request);
    if (answer === 'hang') return;
    const { status, headers = {}, body } = answer;
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' || body === undefined ? body : JSON.stringify(body));
  }

  #answer(request: CloudRequest): CloudAnswer {
    if (request.path.startsWith('/identity/v3/')) return this.keystone.answer(request);
    if (request.path.startsWith('/compute/v2.1/')) return this.nova.answer(request);
    return { status: 404, body: '<html>nothing is here</html>' };
  }
}

async function read(incoming: IncomingMessage): Promise<CloudRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  const { pathname, searchParams } = new URL(incoming.url ?? '/', 'http://cloud');
  return {
    method: incoming.method ?? '',
    path: pathname,
    query: searchParams,
    headers: incoming.headers,
    body: text === '' ? undefined : (JSON.parse(text) as unknown),
  };
}
