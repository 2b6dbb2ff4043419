import type { DataExtent, Extent } from '@scoria/core';

const PAGE_BYTES = 4096;

/**
 * Bytes of which only the written pages take room; the rest are zeroes. A copy shares its pages until either side
 * writes: pages are replaced, never changed.
 */
export class SparseBytes {
  readonly #pages: Map<number, Buffer>;
  #sizeBytes: number;

  constructor(sizeBytes: number, pages: ReadonlyMap<number, Buffer> = new Map<number, Buffer>()) {
    this.#sizeBytes = sizeBytes;
    this.#pages = new Map(pages);
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** What the written pages take. */
  get usedBytes(): number {
    return this.#pages.size * PAGE_BYTES;
  }

  /** The same bytes at the same or a larger size. */
  copy(sizeBytes = this.#sizeBytes): SparseBytes {
    return new SparseBytes(sizeBytes, this.#pages);
  }

  grow(sizeBytes: number): void {
    this.#sizeBytes = Math.max(this.#sizeBytes, sizeBytes);
  }

  read(offset: number, length: number): Buffer {
    const result = Buffer.alloc(length);
    for (const part of parts(offset, length)) {
      const page = this.#pages.get(part.page);
      page?.copy(result, part.at, part.from, part.from + part.length);
    }
    return result;
  }

  write(offset: number, data: Uint8Array): void {
    for (const part of parts(offset, data.length)) {
      const page = this.#pageCopy(part.page);
      page.set(data.subarray(part.at, part.at + part.length), part.from);
      this.#pages.set(part.page, page);
    }
  }

  /** Makes a range zeroes; pages that are wholly in it take no room any more. */
  zero(offset: number, length: number): void {
    for (const part of parts(offset, length)) {
      if (part.length === PAGE_BYTES) this.#pages.delete(part.page);
      else if (this.#pages.has(part.page)) {
        const page = this.#pageCopy(part.page);
        page.fill(0, part.from, part.from + part.length);
        this.#pages.set(part.page, page);
      }
    }
  }

  /** The whole of it in order: written pages and gaps. */
  extents(): DataExtent[] {
    return this.#runs((page) => (this.#pages.has(page) ? 'data' : 'zero'));
  }

  /** Where the bytes may differ from `older`, page by page. */
  changedSince(older: SparseBytes): Extent[] {
    return this.#runs((page) => (this.#pages.get(page) === older.#pages.get(page) ? 'zero' : 'data'))
      .filter(({ kind }) => kind === 'data')
      .map(({ offset, length }) => ({ offset, length }));
  }

  #pageCopy(index: number): Buffer {
    const page = this.#pages.get(index);
    return page === undefined ? Buffer.alloc(PAGE_BYTES) : Buffer.from(page);
  }

  #runs(kindOf: (page: number) => DataExtent['kind']): DataExtent[] {
    const runs: DataExtent[] = [];
    for (let offset = 0; offset < this.#sizeBytes; offset += PAGE_BYTES) {
      const length = Math.min(PAGE_BYTES, this.#sizeBytes - offset);
      const kind = kindOf(offset / PAGE_BYTES);
      const last = runs.at(-1);
      if (last?.kind === kind) runs[runs.length - 1] = { ...last, length: last.length + length };
      else runs.push({ offset, length, kind });
    }
    return runs;
  }
}

interface PagePart {
  readonly page: number;
  /** Where the part begins within the page. */
  readonly from: number;
  /** Where it begins within the caller's range. */
  readonly at: number;
  readonly length: number;
}

function* parts(offset: number, length: number): Generator<PagePart> {
  for (let at = 0; at < length;) {
    const page = Math.floor((offset + at) / PAGE_BYTES);
    const from = (offset + at) % PAGE_BYTES;
    const part = Math.min(PAGE_BYTES - from, length - at);
    yield { page, from, at, length: part };
    at += part;
  }
}
