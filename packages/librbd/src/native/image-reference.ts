import type { ImageReference } from '../model/pool.js';
import type { RbdFunction } from './functions.js';

/** What was given for it is checked by the caller. */
export function nameOrId(image: unknown): unknown {
  if (typeof image === 'object' && image !== null && 'id' in image) return image.id;
  return image;
}

export function opening(image: ImageReference, readOnly: boolean): RbdFunction {
  if (typeof image === 'string') return readOnly ? 'rbd_open_read_only' : 'rbd_open';
  return readOnly ? 'rbd_open_by_id_read_only' : 'rbd_open_by_id';
}
