import { ENOENT, nativeError } from '../errno.js';
import type { ObjectReader } from './class-read.js';
import { readObject } from './class-read.js';
import { encodedText } from './encoding.js';
import { textOf, type Trashed, trashed } from './formats.js';

export interface ImageName {
  readonly name: string;
  readonly inTrash: boolean;
}

/** What the image with this id is called, in the pool or in its trash; undefined where neither knows it. */
export async function nameOfImage(reader: ObjectReader, id: string): Promise<ImageName | undefined> {
  const listed = await answerOf(reader, 'rbd_directory', 'dir_get_name', id);
  if (listed !== undefined) return { name: textOf(listed), inTrash: false };
  const entry = await entryInTrash(reader, id);
  return entry && { name: entry.name, inTrash: true };
}

/** What the trash says of an image; undefined where it does not know it. */
export async function entryInTrash(reader: ObjectReader, id: string): Promise<Trashed | undefined> {
  const answer = await answerOf(reader, 'rbd_trash', 'trash_get', id);
  return answer && trashed(answer);
}

/** The id of the image of this name; undefined where there is none that has one. */
export async function idOfImage(reader: ObjectReader, name: string): Promise<string | undefined> {
  const answers = await readObject(reader, `rbd_id.${name}`, [{ method: 'get_id' }]);
  const [answer] = present(answers, reader) ?? [];
  return answer && textOf(answer);
}

/** Of the oldest format of images, which has no ids. */
export async function isImageOfFormat1({ calls, io, order }: ObjectReader, name: string): Promise<boolean> {
  const result = await calls.run(order, 'rados_stat', io, `${name}.rbd`, null, null);
  if (result < 0 && result !== -ENOENT) throw nativeError(result, order.subject);
  return result >= 0;
}

async function answerOf(
  reader: ObjectReader,
  object: string,
  method: string,
  id: string,
): Promise<Buffer | undefined> {
  const answers = await readObject(reader, object, [{ method, input: encodedText(id) }]);
  return present(answers, reader)?.[0];
}

/** undefined where there is no such object, or not what was asked for in it. @throws RbdError any other failure */
export function present(
  answers: (Buffer | undefined)[] | number,
  { order }: ObjectReader,
): (Buffer | undefined)[] | undefined {
  if (typeof answers !== 'number') return answers;
  if (answers === -ENOENT) return undefined;
  throw nativeError(answers, order.subject);
}
