import type { CatalogEndpoint, CatalogService } from './token-answer.js';

export interface ServiceQuery {
  /** The names the service goes by in a catalog, the usual one first. */
  readonly types: readonly string[];
  readonly interface: string;
  readonly region?: string | undefined;
}

/** A service's address, or why there is none, for a person. */
export type Found = { readonly url: string } | { readonly problem: string };

/** Looks a service up in a token's catalog. Only `http:` and `https:` are addresses. */
export function findService(catalog: readonly CatalogService[], query: ServiceQuery): Found {
  const service = query.types
    .map((type) => catalog.find((known) => known.type === type))
    .find((known) => known !== undefined);
  if (service === undefined)
    return { problem: `there is no service ${query.types[0] ?? ''}, only ${list(catalog.map(typeOf))}` };
  const endpoint = service.endpoints.find((known) => fits(known, query));
  if (endpoint === undefined)
    return { problem: `${wanted(query)}, only ${list(service.endpoints.map(where))}` };
  const url = endpoint.url.replace(/\/+$/, '');
  const isWeb = URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
  return isWeb ? { url } : { problem: `${JSON.stringify(url)} is no address of HTTP` };
}

function fits(endpoint: CatalogEndpoint, { interface: wantedInterface, region }: ServiceQuery): boolean {
  if (endpoint.interface !== wantedInterface) return false;
  return region === undefined || endpoint.region === region || endpoint.region_id === region;
}

function wanted({ types, interface: wantedInterface, region }: ServiceQuery): string {
  const of = region === undefined ? '' : ` in the region ${region}`;
  return `the service ${types[0] ?? ''} has no ${wantedInterface} endpoint${of}`;
}

function where(endpoint: CatalogEndpoint): string {
  return `${endpoint.interface} in ${endpoint.region_id ?? endpoint.region ?? 'no region'}`;
}

function typeOf({ type }: CatalogService): string {
  return type;
}

function list(names: readonly string[]): string {
  return names.length === 0 ? 'an empty list' : [...new Set(names)].slice(0, 20).join(', ');
}
