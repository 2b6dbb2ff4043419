import { BACKEND_OPTIONS, defineOptions, secret, Type } from '@scoria/core';
import type { OptionsOf } from '@scoria/core';

export const ACME_OPTIONS = defineOptions({
  ...BACKEND_OPTIONS,
  acme_url: Type.String({ pattern: '^https?://', description: 'Where the API of the array is.' }),
  acme_user: Type.String({ minLength: 1, description: 'Who logs in at the array.' }),
  acme_password: secret(Type.String({ description: 'The password of acme_user.' })),
  acme_pool: Type.String({ minLength: 1, description: 'The pool that volumes are made in.' }),
  acme_timeout: Type.Number({
    default: 30,
    exclusiveMinimum: 0,
    description: 'Seconds after which a request to the array is given up.',
  }),
});

export type AcmeOptions = OptionsOf<typeof ACME_OPTIONS>;
