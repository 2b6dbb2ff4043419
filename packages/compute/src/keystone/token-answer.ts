import { Ajv } from 'ajv';
import type { Static } from 'typebox';
import { Type } from 'typebox';

const ENDPOINT = Type.Object({
  interface: Type.String(),
  url: Type.String(),
  region: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  region_id: Type.Optional(Type.Union([Type.String(), Type.Null()])),
});
const SERVICE = Type.Object({ type: Type.String(), endpoints: Type.Array(ENDPOINT) });
const ROLE = Type.Object({ name: Type.String() });

/** What Keystone says of a token, as far as it is of use here. */
const TOKEN = Type.Object({
  token: Type.Object({
    expires_at: Type.String(),
    issued_at: Type.Optional(Type.String()),
    catalog: Type.Optional(Type.Array(SERVICE)),
    roles: Type.Optional(Type.Array(ROLE)),
    project: Type.Optional(Type.Object({ id: Type.String() })),
  }),
});

export type TokenAnswer = Static<typeof TOKEN>['token'];
export type CatalogService = Static<typeof SERVICE>;
export type CatalogEndpoint = Static<typeof ENDPOINT>;

const isToken = new Ajv().compile<Static<typeof TOKEN>>(JSON.parse(JSON.stringify(TOKEN)) as object);

/** Keystone's answer, or `undefined` where it is none of Keystone's. */
export function readToken(text: string): TokenAnswer | undefined {
  const answer = readJson(text);
  return isToken(answer) ? answer.token : undefined;
}

/** `undefined` where it is no JSON: other programs than the one that was meant answer too. */
export function readJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
