import type { CheckedToken, TokenCheck } from '@scoria/compute';
import type { Clock } from '@scoria/core';
import type { Configuration } from '../configuration.js';

export type { CheckedToken, TokenCheck } from '@scoria/compute';

/**
 * What tells whether a service that calls us is one, by the token that it sends; `undefined` where the configuration
 * has no compute service, and nobody can be told from anybody else.
 */
export function serviceTokensOf(
  { nova }: Pick<Configuration, 'nova'>,
  { clock }: { readonly clock: Clock },
): TokenCheck | undefined {
  if (nova === undefined) return undefined;
  let loaded: Promise<TokenCheck> | undefined;
  const load = async (): Promise<TokenCheck> => {
    const { createTokenCheck } = await import('@scoria/compute');
    return createTokenCheck(nova, { clock });
  };
  return {
    check: async (token: string, signal?: AbortSignal): Promise<CheckedToken | undefined> => {
      loaded ??= load();
      const check = await loaded;
      return check.check(token, signal);
    },
  };
}
