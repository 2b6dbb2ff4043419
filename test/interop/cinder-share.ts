import { CinderServer } from './cinder-server.js';

export interface CinderShareOptions {
  /** The mount point base. */
  readonly base: string;
  /** The share's name, such as 'host:/path'. */
  readonly share: string;
  /** Without the limits Cinder puts on qemu-img: starting a second Python for them takes most of the time. */
  readonly unlimited?: boolean;
}

/** Cinder's file-on-share driver; `cinder_share.py` lists its operations. */
export class CinderShare extends CinderServer {
  /** The directory that plays the share. */
  directory = '';

  static async start({ base, share, unlimited }: CinderShareOptions): Promise<CinderShare> {
    const more = unlimited === true ? ['--no-limits'] : [];
    const args = ['--base', base, '--share', share, ...more];
    const server = new CinderShare(CinderServer.spawn('cinder_share.py', args));
    server.directory = ((await server.ready()) as { directory: string }).directory;
    return server;
  }
}
