import { NativeCall } from './call.js';

const getxattr = new NativeCall('getxattr', 'long', ['str', 'str', 'void *', 'size_t']);

/** How long the value of an extended attribute is, in bytes. Rejects with `ENODATA` where there is none. */
export async function attributeLength(path: string, name: string): Promise<number> {
  return getxattr.call(path, name, null, 0);
}
