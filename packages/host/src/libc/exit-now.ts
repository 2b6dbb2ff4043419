import koffi from 'koffi';

/**
 * Ends the process at once, with this status. Unlike `process.exit`, which waits for every thread of the pool, it ends
 * a process of which a call hangs on a dead share. Nothing is flushed.
 */
export function exitNow(status: number): void {
  (koffi.load(null).func('_exit', 'void', ['int']) as (status: number) => void)(status);
}
