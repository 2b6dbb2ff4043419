import type { ComputeCredentials, ComputeSettings, DomainName, Named } from '@scoria/compute';
import path from 'node:path';
import type { GeneralSettings } from './general-settings.js';
import type { AuthType } from './nova-definitions.js';
import type { Place } from './place.js';
import type { ProblemList } from './problems.js';
import type { RawConfiguration } from './raw-configuration.js';

const TIMEOUT_SECONDS = 60;
const DEFAULT_DOMAIN: DomainName = { id: 'default' };

/**
 * The compute service, where one is configured and nothing is wrong with it. A `cinder.conf` may have a `[nova]`
 * section without a way to log in, for what Cinder does with its users' own tokens: it is of no use here.
 */
export function novaSettingsOf(
  raw: RawConfiguration,
  settings: GeneralSettings,
  problems: ProblemList,
): ComputeSettings | undefined {
  const written = [...raw.general].filter(([name]) => name.startsWith('nova.'));
  const [first] = written;
  if (first === undefined) return undefined;
  const place = raw.general.get('nova.auth_type') ?? first[1];
  const hasLogin = raw.general.has('nova.auth_type') || raw.format === 'yaml';
  if (!hasLogin) {
    problems.warning(place, 'nova.auth_type is not set: the compute service is not asked for anything');
    return undefined;
  }
  if (written.some(([name]) => settings.isWrong(name))) return undefined;
  const reader = new NovaReader(settings, problems, place);
  return reader.read(path.dirname(raw.file));
}

class NovaReader {
  #isComplete = true;

  constructor(
    private readonly settings: GeneralSettings,
    private readonly problems: ProblemList,
    private readonly place: Place,
  ) {}

  read(directory: string): ComputeSettings | undefined {
    const credentials = this.#credentials();
    if (!this.#isComplete) return undefined;
    const region = this.#text('region_name');
    const cafile = this.#text('cafile');
    return {
      credentials,
      interface: this.settings.get('nova.interface', 'public'),
      insecure: this.settings.get('nova.insecure', false),
      timeoutMs: this.settings.get('nova.timeout', TIMEOUT_SECONDS) * 1000,
      ...(region === undefined ? {} : { region }),
      ...(cafile === undefined ? {} : { cafile: path.resolve(directory, cafile) }),
    };
  }

  get #type(): AuthType {
    return this.settings.get<AuthType>('nova.auth_type', 'password');
  }

  #credentials(): ComputeCredentials {
    if (this.#type === 'admin_token')
      return { kind: 'token', token: this.#required('token'), endpoint: this.#required('endpoint') };
    const authUrl = this.#text('auth_url') ?? this.#text('token_auth_url') ?? this.#required('auth_url');
    if (this.#type === 'v3applicationcredential')
      return {
        kind: 'application-credential',
        authUrl,
        credential: this.#credential(),
        secret: this.#required('application_credential_secret'),
      };
    return {
      kind: 'password',
      authUrl,
      user: this.#user(),
      password: this.#required('password'),
      project: this.#named('project', 'project_name'),
    };
  }

  #credential(): { id: string } | { name: string; user: Named } {
    const name = this.#text('application_credential_name');
    const id = this.#text('application_credential_id');
    if (id !== undefined || name === undefined)
      return { id: id ?? this.#required('application_credential_id') };
    return { name, user: this.#user() };
  }

  #user(): Named {
    return this.#named('user', 'username');
  }

  #named(kind: 'user' | 'project', nameSetting: string): Named {
    const id = this.#text(`${kind}_id`);
    if (id !== undefined) return { id };
    return { name: this.#required(nameSetting), domain: this.#domain(kind) };
  }

  #domain(kind: string): DomainName {
    for (const owner of [`${kind}_domain`, 'default_domain']) {
      const [id, name] = [this.#text(`${owner}_id`), this.#text(`${owner}_name`)];
      if (id !== undefined) return { id };
      if (name !== undefined) return { name };
    }
    return DEFAULT_DOMAIN;
  }

  #text(name: string): string | undefined {
    return this.settings.get<string | undefined>(`nova.${name}`, undefined);
  }

  #required(name: string): string {
    const value = this.#text(name);
    if (value !== undefined) return value;
    this.#isComplete = false;
    this.problems.error(this.place, `nova.${name} is required for auth_type ${this.#type} and not set`);
    return '';
  }
}
