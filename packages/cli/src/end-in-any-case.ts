const GRACE_MS = 1_000;

/**
 * Ends the process at once. `process.exit` would wait for every call that is under way, also for one that hangs on a
 * dead share.
 */
export function endAtOnce(status: number): void {
  import('@scoria/host').then(
    ({ exitNow }) => {
      exitNow(status);
    },
    () => process.kill(process.pid, 'SIGKILL'),
  );
}

/**
 * Ends the process in a while if it does not end by itself, which it does not while a call hangs on a dead share: all
 * that it had to do is done. What it still has to print is printed first.
 */
export function endInAnyCase(): void {
  // It does not keep the process itself.
  setInterval(() => {
    if (process.stdout.writableLength > 0 || process.stderr.writableLength > 0) return;
    endAtOnce(Number(process.exitCode ?? 0));
  }, GRACE_MS).unref();
}
