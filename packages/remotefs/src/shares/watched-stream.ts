/** `items`, each of them waited for by `run`. */
export async function* watchedStream<T>(
  items: AsyncIterable<T>,
  run: (next: () => Promise<IteratorResult<T>>) => Promise<IteratorResult<T>>,
): AsyncGenerator<T> {
  const iterator = items[Symbol.asyncIterator]();
  let isOver = false;
  try {
    for (;;) {
      const item = await run(async () => iterator.next());
      isOver = item.done === true;
      if (item.done === true) return;
      yield item.value;
    }
  } catch (error) {
    // What hangs would let nobody end it, and what has failed has ended.
    isOver = true;
    throw error;
  } finally {
    if (!isOver) await run(async () => (await iterator.return?.()) ?? { done: true, value: undefined });
  }
}
