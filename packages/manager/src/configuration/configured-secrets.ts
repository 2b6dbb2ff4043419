import type { ComputeCredentials } from '@scoria/compute';
import type { Configuration } from '../configuration.js';

/** The secrets of a configuration, for whoever masks them; those of a backend are known by its driver. */
export function configuredSecrets({
  databaseUrl,
  nova,
}: Pick<Configuration, 'databaseUrl' | 'nova'>): string[] {
  const secrets = nova === undefined ? [] : [secretOf(nova.credentials)];
  return [...databaseSecrets(databaseUrl), ...secrets].filter((secret) => secret !== '');
}

/** As it is written in the address, and as it is sent. */
function databaseSecrets(databaseUrl: string): string[] {
  if (databaseUrl.startsWith('sqlite:')) return [];
  const { password, searchParams } = new URL(databaseUrl);
  return [password, decoded(password), ...searchParams.getAll('password')];
}

function decoded(password: string): string {
  try {
    return decodeURIComponent(password);
  } catch {
    return password; // a percent sign that begins nothing is itself
  }
}

function secretOf(credentials: ComputeCredentials): string {
  switch (credentials.kind) {
    case 'password':
      return credentials.password;
    case 'application-credential':
      return credentials.secret;
    case 'token':
      return credentials.token;
  }
}
