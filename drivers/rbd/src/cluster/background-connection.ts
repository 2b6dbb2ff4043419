import { injectable, injectFromBase } from 'inversify';
import { RbdConnection } from './rbd-connection.js';

/**
 * A connection for what is copied in the background: behind a few MiB of it on the same connection, every other request
 * would wait. So it has one of its own, with few requests under way at once, which come after everybody else's.
 */
@injectable()
@injectFromBase({ extendConstructorArguments: true })
export class BackgroundConnection extends RbdConnection {
  protected override readonly settings = {
    // Of one flattening.
    rbd_concurrent_management_ops: '1',
    // OSDs have what others ask for go before.
    osd_client_op_priority: '1',
  };
}
