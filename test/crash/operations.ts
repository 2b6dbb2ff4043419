import type { Backend, OperationContext, Volume } from '@scoria/core';
import type { Contents, Records } from './scene.js';
import { LARGER, LOOSE_FILE } from './scene.js';

/** An operation that is killed, and what there is once it is done. */
export interface CrashOperation {
  readonly name: string;
  /** The volumes whose files it touches; 'loose' for the file that is no volume yet. */
  readonly uses: readonly string[];
  /** What it makes. Where that is there already, doing it again is refused. */
  readonly makes?: string;
  run(driver: Backend['driver'], context: OperationContext, records: Records): Promise<unknown>;
  after(before: Contents): Contents;
  /** What a crash may leave besides, to be done again: no data are lost in it. */
  between?(before: Contents): Contents;
}

type Change = (contents: Map<string, Buffer>) => void;

function changed(change: Change): (before: Contents) => Contents {
  return (before) => {
    const contents = new Map(before);
    change(contents);
    return contents;
  };
}

function larger(content: Buffer): Buffer {
  return Buffer.concat([content, Buffer.alloc(LARGER - content.length)]);
}

function volume(records: Records, name: string): Volume {
  return records.volumes[name]!;
}

function copies(name: string, source: string, run: CrashOperation['run']): CrashOperation {
  return {
    name,
    uses: [source.split('@')[0]!],
    makes: 'made',
    run,
    after: changed((contents) => contents.set('made', larger(contents.get(source)!))),
  };
}

function clones(name: string, source: string): CrashOperation {
  return copies(name, source, (driver, context, records) =>
    driver.createClonedVolume(context, volume(records, 'made'), volume(records, source)),
  );
}

function snapshots(name: string, source: string): CrashOperation {
  const made = `${source}@made`;
  return {
    name,
    uses: [source],
    makes: made,
    run: (driver, context, records) => driver.createSnapshot(context, records.snapshots[made]!),
    after: changed((contents) => contents.set(made, contents.get(source)!)),
  };
}

function deletesSnapshot(name: string, snapshot: string): CrashOperation {
  return {
    name,
    uses: [snapshot.split('@')[0]!],
    run: (driver, context, records) => driver.deleteSnapshot(context, records.snapshots[snapshot]!),
    after: changed((contents) => contents.delete(snapshot)),
  };
}

function extend(name: string, source: string): CrashOperation {
  return {
    name,
    uses: [source],
    run: (driver, context, records) => driver.extendVolume(context, volume(records, source), LARGER),
    after: changed((contents) => contents.set(source, larger(contents.get(source)!))),
  };
}

function deletes(name: string, source: string): CrashOperation {
  return {
    name,
    uses: [source],
    run: (driver, context, records) => driver.deleteVolume(context, volume(records, source)),
    after: changed((contents) => contents.delete(source)),
  };
}

/** As `findAdoptable` tells of it; what is done does not depend on what was listed. */
async function adoptOld(
  driver: Backend['driver'],
  context: OperationContext,
  records: Records,
): Promise<unknown> {
  const { id, sizeBytes, providerLocation = '' } = volume(records, 'old');
  const listed = { snapshots: [], problems: [], changes: [], providerMetadata: {} };
  return driver.adopt(context, { ...listed, id, sizeBytes, providerLocation });
}

/** Every operation that takes more than one step, and those of one step too. */
export const OPERATIONS: readonly CrashOperation[] = [
  {
    name: 'create volume',
    uses: [],
    makes: 'made',
    run: (driver, context, records) => driver.createVolume(context, volume(records, 'made')),
    after: changed((contents) => contents.set('made', Buffer.alloc(LARGER))),
  },
  copies('create from snapshot', 'deep@2', (driver, context, records) =>
    driver.createVolumeFromSnapshot(context, volume(records, 'made'), records.snapshots['deep@2']!),
  ),
  clones('clone', 'plain'),
  clones('clone with snapshots', 'deep'),
  snapshots('first snapshot', 'plain'),
  snapshots('further snapshot', 'deep'),
  deletesSnapshot('delete top snapshot', 'deep@3'),
  deletesSnapshot('delete middle snapshot', 'deep@2'),
  deletesSnapshot('delete oldest snapshot', 'deep@1'),
  deletesSnapshot('delete only snapshot', 'single@1'),
  deletesSnapshot('delete snapshot of an extended volume', 'grown@1'),
  {
    name: 'revert',
    uses: ['deep'],
    run: (driver, context, records) =>
      driver.revertToSnapshot(context, volume(records, 'deep'), records.snapshots['deep@3']!),
    after: changed((contents) => contents.set('deep', contents.get('deep@3')!)),
  },
  extend('extend', 'plain'),
  extend('extend with snapshots', 'deep'),
  deletes('delete volume', 'plain'),
  deletes('delete volume with a record', 'recorded'),
  {
    name: 'manage',
    uses: ['loose'],
    run: (driver, context, records) =>
      driver.manageExisting(context, volume(records, 'made'), {
        'source-name': LOOSE_FILE,
        'source-format': records.format,
      }),
    after: changed((contents) => {
      contents.set('made', larger(contents.get('loose')!));
      contents.delete('loose');
    }),
    // The file is brought to its size before it gets its name.
    between: changed((contents) => contents.set('loose', larger(contents.get('loose')!))),
  },
  {
    name: 'adopt',
    uses: ['old'],
    run: adoptOld,
    after: (before) => before,
  },
];
