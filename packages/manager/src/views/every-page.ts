import type {
  OperationFilter,
  OperationRecord,
  Page,
  Records,
  SnapshotFilter,
  SnapshotRecord,
  VolumeFilter,
  VolumeRecord,
} from '@scoria/store';
import { StoreError } from '@scoria/store';

const PAGE = 1000;

/** Every volume that a filter lets through, page by page. */
export async function everyVolume(
  records: Pick<Records, 'listVolumes'>,
  filter: Omit<VolumeFilter, keyof Page> = {},
): Promise<VolumeRecord[]> {
  return everyPage((page) => records.listVolumes({ ...filter, ...page }));
}

export async function everySnapshot(
  records: Pick<Records, 'listSnapshots'>,
  filter: Omit<SnapshotFilter, keyof Page> = {},
): Promise<SnapshotRecord[]> {
  return everyPage((page) => records.listSnapshots({ ...filter, ...page }));
}

export async function everyOperation(
  records: Pick<Records, 'listOperations'>,
  filter: Omit<OperationFilter, keyof Page> = {},
): Promise<OperationRecord[]> {
  return everyPage((page) => records.listOperations({ ...filter, ...page }));
}

/** The object of a marker may be deleted between two pages: then the list begins anew. */
async function everyPage<T extends { readonly id: string }>(
  list: (page: Page) => Promise<T[]>,
): Promise<T[]> {
  let all: T[] = [];
  for (;;) {
    const marker = all.at(-1)?.id;
    const page = await list({ limit: PAGE, ...(marker === undefined ? {} : { marker }) }).catch(
      (error: unknown) => {
        if (marker !== undefined && error instanceof StoreError && error.code === 'not-found')
          return undefined;
        throw error;
      },
    );
    if (page === undefined) {
      all = [];
      continue;
    }
    all.push(...page);
    if (page.length < PAGE) return all;
  }
}
