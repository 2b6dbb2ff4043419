import { CinderServer } from './cinder-server.js';

export interface CinderPoolOptions {
  /** The cluster's configuration file. */
  readonly confFile: string;
  readonly pool: string;
  /** Options of Cinder's driver. */
  readonly options?: Readonly<Record<string, string>>;
}

/** Cinder's RBD driver; `cinder_pool.py` lists its operations. */
export class CinderPool extends CinderServer {
  static async start({ confFile, pool, options = {} }: CinderPoolOptions): Promise<CinderPool> {
    const more = Object.entries(options).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
    const args = ['--conf', confFile, '--pool', pool, ...more];
    const server = new CinderPool(CinderServer.spawn('cinder_pool.py', args));
    await server.ready();
    return server;
  }
}
