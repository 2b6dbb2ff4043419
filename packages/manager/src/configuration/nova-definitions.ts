import type { Parse, SettingDefinition } from './setting-definition.js';
import { oneOf, text, whole } from './setting-definition.js';

/** As oslo.config reads them. */
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...['true', '1', 'yes', 'on'].map((word) => [word, true] as const),
  ...['false', '0', 'no', 'off'].map((word) => [word, false] as const),
]);

const flag: Parse = (value) =>
  typeof value === 'boolean' ? value : BOOLEANS.get(String(value).trim().toLowerCase());

/** Not trimmed: it is somebody's secret as it is. */
const secretText: Parse = (value) => (typeof value === 'string' && value !== '' ? value : undefined);

const webAddress: Parse = (value) => {
  const written = text(value);
  if (typeof written !== 'string' || !URL.canParse(written)) return undefined;
  const { protocol, username, password } = new URL(written);
  return /^https?:$/.test(protocol) && username === '' && password === '' ? written : undefined;
};

/** keystoneauth's names of the ways to log in that are known here. */
export const AUTH_TYPES = ['password', 'v3password', 'v3applicationcredential', 'admin_token'] as const;
export type AuthType = (typeof AUTH_TYPES)[number];

const ADDRESS = 'an address (http:// or https://) without a user in it';
const NAME = 'text';

function named(name: string, description: string): SettingDefinition {
  return { name: `nova.${name}`, expected: NAME, parse: text, description };
}

function address(name: string, description: string): SettingDefinition {
  return { name: `nova.${name}`, expected: ADDRESS, parse: webAddress, description };
}

function secret(name: string, description: string): SettingDefinition {
  return {
    name: `nova.${name}`,
    expected: 'text; in quotes where it looks like a number',
    parse: secretText,
    secret: true,
    description,
  };
}

/** The compute service, in the names that keystoneauth and Cinder's `[nova]` section have. */
export const NOVA_DEFINITIONS: readonly SettingDefinition[] = [
  {
    name: 'nova.auth_type',
    expected: AUTH_TYPES.join(', '),
    parse: oneOf(...AUTH_TYPES),
    description: 'How to log in for the compute service; password unless told.',
  },
  address('auth_url', "Keystone's address."),
  address('token_auth_url', "Keystone's address, where auth_url is not set."),
  named('username', 'The user to log in as.'),
  named('user_id', "The user's id, in place of its name."),
  named('user_domain_name', 'The domain of the user; the one with the id default unless told.'),
  named('user_domain_id', "The domain's id, in place of its name."),
  secret('password', "The user's password."),
  named('project_name', 'The project to log in for.'),
  named('project_id', "The project's id, in place of its name."),
  named('project_domain_name', 'The domain of the project; the one with the id default unless told.'),
  named('project_domain_id', "The domain's id, in place of its name."),
  named('default_domain_name', 'The domain of user and project, where theirs are not set.'),
  named('default_domain_id', "The domain's id, in place of its name."),
  named('application_credential_id', 'The application credential to log in with.'),
  named('application_credential_name', "The application credential's name; it is one of the user's."),
  secret('application_credential_secret', "The application credential's secret."),
  address('endpoint', "The compute service's address with its version, for auth_type admin_token."),
  secret('token', 'The token for auth_type admin_token.'),
  named('region_name', 'The region of the compute service.'),
  {
    name: 'nova.interface',
    expected: 'public, internal or admin',
    parse: oneOf('public', 'internal', 'admin'),
    description: 'Which address of the catalog is used; public unless told.',
  },
  {
    name: 'nova.cafile',
    expected: 'a file',
    parse: text,
    description: 'Certificates that are trusted besides the usual ones. Relative to the file.',
  },
  {
    name: 'nova.insecure',
    expected: 'true or false',
    parse: flag,
    description: 'Takes any certificate; false unless told.',
  },
  {
    name: 'nova.timeout',
    expected: 'a whole number of seconds from 1',
    parse: whole(1),
    description: 'How long an answer may take to begin; 60 seconds unless told.',
  },
];
