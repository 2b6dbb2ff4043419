/** How Keystone and Nova are reached, and as whom: what a `cinder.conf` says in `[nova]`, in keystoneauth's names. */
export interface ComputeSettings {
  readonly credentials: ComputeCredentials;
  /** Of the service in the catalog; the first region that has one unless told. */
  readonly region?: string;
  readonly interface: 'public' | 'internal' | 'admin';
  /** A file with the certificates of those that are trusted besides the system's. Absolute. */
  readonly cafile?: string;
  /** Takes any certificate. */
  readonly insecure: boolean;
  /** How long an answer may take to begin. */
  readonly timeoutMs: number;
}

export type ComputeCredentials = PasswordCredentials | ApplicationCredentials | FixedToken;

/** A name in a domain, or an id, which needs none. */
export type Named = { readonly id: string } | { readonly name: string; readonly domain: DomainName };
export type DomainName = { readonly id: string } | { readonly name: string };

export interface PasswordCredentials {
  readonly kind: 'password';
  /** Keystone's address, with `/v3` or without. */
  readonly authUrl: string;
  readonly user: Named;
  readonly password: string;
  /** What the token is for. */
  readonly project: Named;
}

export interface ApplicationCredentials {
  readonly kind: 'application-credential';
  readonly authUrl: string;
  /** Its name is one of a user's. */
  readonly credential: { readonly id: string } | { readonly name: string; readonly user: Named };
  readonly secret: string;
}

/** A token that is not Keystone's, or that somebody else renews, and Nova's own address. */
export interface FixedToken {
  readonly kind: 'token';
  readonly token: string;
  /** Nova's address, with its version: `https://nova:8774/v2.1`. */
  readonly endpoint: string;
}
