import type { FakeCloud } from '@scoria/testkit';
import type { ComputeSettings, PasswordCredentials } from '../compute-settings.js';

/** The secrets of the fake cloud all have this in them. */
export const SECRET = 'hunter2';

export function passwordOf({ authUrl, keystone }: FakeCloud): PasswordCredentials {
  const user = keystone.users[0];
  if (user === undefined) throw new Error('the cloud has no user');
  return {
    kind: 'password',
    authUrl,
    user: { name: user.name, domain: { name: user.domain } },
    password: user.password,
    project: { name: user.project, domain: { id: 'default' } },
  };
}

export function settingsOf(cloud: FakeCloud, more: Partial<ComputeSettings> = {}): ComputeSettings {
  return {
    credentials: passwordOf(cloud),
    interface: 'public',
    region: 'one',
    insecure: false,
    timeoutMs: 5000,
    ...more,
  };
}

/** All that an error says, to whoever prints it whole. */
export function everythingIn(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const fields = JSON.stringify(error, Object.getOwnPropertyNames(error));
  return `${error.stack ?? ''} ${fields} ${error.cause === undefined ? '' : everythingIn(error.cause)}`;
}
