import type { Container } from '@scoria/core';
import { Redactor } from '@scoria/host';

/** From now on the process' own log masks them, whoever writes them; a log that is not the host's looks after itself. */
export function maskSecrets(root: Container, secrets: readonly string[]): void {
  const redactor = root.get(Redactor, { optional: true });
  for (const secret of secrets) redactor?.register(secret);
}
