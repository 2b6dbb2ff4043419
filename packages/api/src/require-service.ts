import type { CheckedToken, TokenCheck } from '@scoria/manager';
import { messageOf } from '@scoria/core';
import { Fault } from './fault.js';

/** Longer ones are none of Keystone's. */
const LONGEST_TOKEN = 8_192;
const ROLES = ['service', 'admin'];

/**
 * Lets in who has the token of a service, or of an administrator, for the project of the address.
 * @throws Fault 401, 403, 400 where the token is for another project, 503 where nobody can say
 */
export async function requireService(
  tokens: TokenCheck,
  token: string | string[] | undefined,
  projectId: string | undefined,
): Promise<CheckedToken> {
  if (typeof token !== 'string' || token === '' || token.length > LONGEST_TOKEN)
    throw new Fault(401, 'the request has no X-Auth-Token that could be checked');
  const checked = await tokens.check(token).catch((error: unknown) => {
    throw new Fault(503, messageOf(error));
  });
  if (checked === undefined) throw new Fault(401, 'the X-Auth-Token is not valid, or not any more');
  if (!checked.roles.some((role) => ROLES.includes(role)))
    throw new Fault(403, `this is for services: the token needs the role ${ROLES.join(' or ')}`);
  if (projectId !== undefined && checked.projectId !== undefined && checked.projectId !== projectId)
    throw new Fault(400, `the token is for another project than the address, ${JSON.stringify(projectId)}`);
  return checked;
}
