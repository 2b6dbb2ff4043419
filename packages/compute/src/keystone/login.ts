import type { ApplicationCredentials, Named, PasswordCredentials } from '../compute-settings.js';

export type LoginCredentials = PasswordCredentials | ApplicationCredentials;

/** The body of a request for a token. */
export function loginBody(credentials: LoginCredentials): object {
  if (credentials.kind === 'password') {
    const { user, password, project } = credentials;
    const identity = { methods: ['password'], password: { user: { ...user, password } } };
    return { auth: { identity, scope: { project } } };
  }
  const { credential, secret } = credentials;
  const identity = {
    methods: ['application_credential'],
    application_credential: { ...credential, secret },
  };
  return { auth: { identity } };
}

/** Who logs in, for people. */
export function describeLogin(credentials: LoginCredentials): string {
  if (credentials.kind === 'password') return `the user ${nameOf(credentials.user)}`;
  const { credential } = credentials;
  return `the application credential ${'id' in credential ? credential.id : credential.name}`;
}

function nameOf(named: Named): string {
  return 'id' in named ? named.id : named.name;
}

/** Where Keystone's v3 API is: its address is often written without the version. */
export function identityUrl(authUrl: string): string {
  const bare = authUrl.replace(/\/+$/, '').replace(/\/v2\.0$/, '');
  return bare.endsWith('/v3') ? bare : `${bare}/v3`;
}
