import { randomUUID } from 'node:crypto';
import type { CloudAnswer, CloudRequest } from './cloud-request.js';

export interface FakeUser {
  readonly name: string;
  readonly domain: string;
  readonly password: string;
  readonly project: string;
  readonly projectId: string;
  readonly roles: readonly string[];
}

interface Login {
  readonly auth: {
    readonly identity: {
      readonly methods: readonly string[];
      readonly password?: { readonly user: { name: string; domain: { name?: string }; password: string } };
      readonly application_credential?: { id?: string; secret?: string };
    };
    readonly scope?: { readonly project: { readonly name: string } };
  };
}

/** The users, tokens and catalog of a {@link FakeCloud}. */
export class FakeKeystone {
  readonly users: FakeUser[] = [
    {
      name: 'cinder',
      domain: 'Default',
      password: 'hunter2-password',
      project: 'service',
      projectId: randomUUID().replaceAll('-', ''),
      roles: ['admin', 'service'],
    },
  ];
  readonly applicationCredential = { id: 'credential-1', secret: 'hunter2-secret' };
  /** Of the next tokens. */
  lifeMs = 3_600_000;
  /** By the token; one that is taken out is not good any more. */
  readonly tokens = new Map<string, FakeUser>();
  catalog: unknown[];

  constructor(novaUrl: string) {
    const endpoint = (kind: string, region: string, url: string): object => ({
      id: randomUUID(),
      interface: kind,
      url,
      region,
      region_id: region,
    });
    this.catalog = [
      { type: 'identity', name: 'keystone', id: '1', endpoints: [] },
      {
        type: 'compute',
        name: 'nova',
        id: '2',
        endpoints: [
          endpoint('admin', 'one', 'http://127.0.0.1:1/admin'),
          endpoint('public', 'two', 'http://127.0.0.1:1/two'),
          endpoint('public', 'one', `${novaUrl}/`),
          endpoint('internal', 'one', novaUrl),
        ],
      },
    ];
  }

  /** A token of a user, as if somebody had logged in. */
  issue(user: FakeUser): string {
    const token = `gAAAAA-hunter2-${randomUUID()}`;
    this.tokens.set(token, user);
    return token;
  }

  userOf({ headers }: CloudRequest): FakeUser | undefined {
    return this.tokens.get(String(headers['x-auth-token']));
  }

  answer(request: CloudRequest): CloudAnswer {
    if (!request.path.endsWith('/auth/tokens')) return { status: 404 };
    return request.method === 'POST' ? this.#logIn(request.body as Login) : this.#validate(request);
  }

  #logIn({ auth }: Login): CloudAnswer {
    const user = this.#userIn(auth);
    if (user === undefined)
      return { status: 401, body: { error: { code: 401, message: JSON.stringify(auth) } } };
    return {
      status: 201,
      headers: { 'x-subject-token': this.issue(user) },
      body: this.#describe(user, true),
    };
  }

  #userIn({ identity, scope }: Login['auth']): FakeUser | undefined {
    const { id, secret } = this.applicationCredential;
    const given = identity.application_credential;
    if (given !== undefined) return given.id === id && given.secret === secret ? this.users[0] : undefined;
    const user = identity.password?.user;
    return this.users.find(
      ({ name, domain, password, project }) =>
        user?.name === name &&
        user.domain.name === domain &&
        user.password === password &&
        scope?.project.name === project,
    );
  }

  #validate(request: CloudRequest): CloudAnswer {
    const asking = this.userOf(request);
    if (asking === undefined) return { status: 401, body: { error: { code: 401 } } };
    if (!asking.roles.includes('admin')) return { status: 403, body: { error: { code: 403 } } };
    const subject = this.tokens.get(String(request.headers['x-subject-token']));
    return subject === undefined ? { status: 404 } : { status: 200, body: this.#describe(subject, false) };
  }

  #describe({ projectId, roles }: FakeUser, withCatalog: boolean): object {
    const now = Date.now();
    const token = {
      issued_at: new Date(now).toISOString(),
      expires_at: new Date(now + this.lifeMs).toISOString(),
      roles: roles.map((name) => ({ id: name, name })),
      project: { id: projectId, name: 'p', domain: { id: 'default' } },
    };
    return { token: withCatalog ? { ...token, catalog: this.catalog } : token };
  }
}
