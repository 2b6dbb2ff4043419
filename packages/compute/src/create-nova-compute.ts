import type { Clock, ComputeApi } from '@scoria/core';
import type { ComputeSettings } from './compute-settings.js';
import { HttpClient } from './http/http-client.js';
import { FixedSession } from './keystone/fixed-session.js';
import { FixedTokenCheck } from './keystone/fixed-token-check.js';
import { KeystoneSession } from './keystone/keystone-session.js';
import { KeystoneTokenCheck } from './keystone/keystone-token-check.js';
import { identityUrl } from './keystone/login.js';
import type { ServiceSession } from './keystone/session.js';
import type { TokenCheck } from './keystone/token-check.js';
import { NovaClient } from './nova/nova-client.js';
import { NovaCompute } from './nova/nova-compute.js';
import type { SnapshotReports } from './nova/snapshot-reports.js';

/** Nova's names in catalogs, the usual one first. */
const COMPUTE_TYPES = ['compute', 'computev21'];

/** Nova, as the settings have it. Nothing is asked of anybody before a disk is opened. */
export function createNovaCompute(
  settings: ComputeSettings,
  { clock, reports }: { readonly clock: Clock; readonly reports: SnapshotReports },
): ComputeApi {
  const http = new HttpClient(settings);
  const session = sessionOf(settings, http, clock);
  return new NovaCompute({ client: new NovaClient(http, session), session, reports, clock });
}

/** What tells whether whoever reports may: by the Keystone that the settings name, or by their token. */
export function createTokenCheck(
  settings: ComputeSettings,
  { clock }: { readonly clock: Clock },
): TokenCheck {
  const { credentials } = settings;
  if (credentials.kind === 'token') return new FixedTokenCheck(credentials);
  const http = new HttpClient(settings);
  const session = sessionOf(settings, http, clock);
  return new KeystoneTokenCheck(identityUrl(credentials.authUrl), { http, session, clock });
}

function sessionOf(settings: ComputeSettings, http: HttpClient, clock: Clock): ServiceSession {
  const { credentials, interface: wanted, region } = settings;
  if (credentials.kind === 'token') return new FixedSession(credentials);
  const service = { types: COMPUTE_TYPES, interface: wanted, region };
  return new KeystoneSession(credentials, service, { http, clock });
}
