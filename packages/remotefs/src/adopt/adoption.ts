import { DriverError, isUuid, messageOf } from '@scoria/core';
import type { AdoptableSnapshot, AdoptableVolume, ModelUpdate, OperationContext } from '@scoria/core';
import { inject, injectable } from 'inversify';
import { readdir } from 'node:fs/promises';
import type { Chain } from '../chain/chain.js';
import { activeLayer, baseLayer, overlayIndex, snapshotIds, snapshotLayers } from '../chain/chain.js';
import type { VolumeOnShare } from '../chain/chain-reader.js';
import { systemCode } from '../chain/file-errors.js';
import { isTemporarySnapshot } from '../chain/file-names.js';
import type { ShareTools } from '../driver/file-volumes.js';
import { FileVolumes } from '../driver/file-volumes.js';
import { requireRoomToMerge } from '../driver/room-to-merge.js';
import { describeStep } from '../plan/plan.js';
import { planDeleteSnapshot } from '../plan/snapshot-plans.js';
import { planRecordFormats } from '../plan/volume-plans.js';

interface Examined {
  readonly chain: Chain;
  /** Overlays that do not say their backing file's format. */
  readonly silent: readonly string[];
}

/**
 * Takes over volumes that another program (OpenStack Cinder, or an earlier Scoria) left on the shares. Old chain
 * records are read as they are: a snapshot's data is the backing file of the file its entry names, whatever that
 * file is called.
 */
@injectable()
export class Adoption {
  constructor(@inject(FileVolumes) private readonly volumes: FileVolumes) {}

  /** See `AdoptVolumes.findAdoptable`. */
  async *find(context: OperationContext): AsyncIterable<AdoptableVolume> {
    for (const share of await this.volumes.shares.available(context)) {
      const tools = this.volumes.toolsFor(share);
      for (const volumeId of await this.#volumeIds(tools)) {
        context.signal.throwIfAborted();
        yield await this.#look(tools, volumeId);
      }
    }
  }

  /** See `AdoptVolumes.adopt`. */
  async adopt(context: OperationContext, found: AdoptableVolume): Promise<ModelUpdate> {
    const share = await this.volumes.shares.ensure(context, found.providerLocation);
    await using held = await this.volumes.holdAll(context, [
      { volumeId: found.id, share, mode: 'exclusive' },
    ]);
    const { tools } = held;
    const { chain, silent } = await this.#examine(tools, found.id);
    refuseProblems(found.id, problemsOf(chain));
    await tools.executor.run(context, planRecordFormats(chain, silent));
    const format = baseLayer(chain).format;
    for (const leftOver of leftOverSnapshots(chain)) {
      const now = await tools.reader.readChain({ id: found.id, providerMetadata: { format } });
      const plan = planDeleteSnapshot(this.volumes.names, now, leftOver);
      if (plan === undefined) continue;
      await requireRoomToMerge(tools.directory, plan);
      await tools.executor.run(context, plan);
    }
    return {
      providerLocation: share.share,
      providerMetadata: { format },
      sizeBytes: activeLayer(chain).virtualBytes,
    };
  }

  /** Every volume that has a first file or a record, in the order of their ids. */
  async #volumeIds({ directory }: ShareTools): Promise<string[]> {
    const { names } = this.volumes;
    const found = (await readdir(directory.path)).map((file) => names.volumeAt(file));
    return [...new Set(found)].filter((id) => id !== undefined).sort();
  }

  async #look(tools: ShareTools, volumeId: string): Promise<AdoptableVolume> {
    const found = { id: volumeId, providerLocation: tools.share.share };
    try {
      const examined = await this.#examine(tools, volumeId);
      const { chain } = examined;
      return {
        ...found,
        sizeBytes: activeLayer(chain).virtualBytes,
        providerMetadata: { format: baseLayer(chain).format },
        snapshots: snapshotIds(chain)
          .filter((id) => !isTemporarySnapshot(id))
          .map((id) => snapshotIn(chain, id)),
        problems: problemsOf(chain),
        changes: this.#changes(examined),
      };
    } catch (error) {
      return {
        ...found,
        sizeBytes: 0,
        providerMetadata: {},
        snapshots: [],
        problems: [messageOf(error)],
        changes: [],
      };
    }
  }

  async #examine(tools: ShareTools, volumeId: string): Promise<Examined> {
    const silent: string[] = [];
    const volume = await this.#asConfigured(tools, volumeId);
    const chain = await tools.reader.readChain(volume, silent);
    return { chain, silent };
  }

  /**
   * A volume without snapshots has its format nowhere on the share. Raw may be taken at its word; qcow2 only where
   * the operator has configured that this backend's volumes are qcow2.
   */
  async #asConfigured({ reader }: ShareTools, volumeId: string): Promise<VolumeOnShare> {
    const unknown: VolumeOnShare = { id: volumeId, providerMetadata: {} };
    const first = this.volumes.names.volumeFile(volumeId);
    const info = await reader.readInfo(volumeId);
    const alone = info === undefined || info.active === first;
    if (this.volumes.policy.format === 'raw' || !alone) return unknown;
    const found = await ifThere(reader.probe(volumeId, first));
    return found === 'qcow2' ? { id: volumeId, providerMetadata: { format: 'qcow2' } } : unknown;
  }

  #changes({ chain, silent }: Examined): string[] {
    const merges = leftOverSnapshots(chain).map((id) => `merge the snapshot ${id}, left over from a clone`);
    return [...planRecordFormats(chain, silent).steps.map(describeStep), ...merges];
  }
}

async function ifThere<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function leftOverSnapshots(chain: Chain): string[] {
  return snapshotIds(chain).filter(isTemporarySnapshot);
}

function snapshotIn(chain: Chain, id: string): AdoptableSnapshot {
  return { id, sizeBytes: snapshotLayers(chain, id)[0]?.virtualBytes ?? 0, providerMetadata: {} };
}

function problemsOf(chain: Chain): string[] {
  const { file } = baseLayer(chain);
  const strange = snapshotIds(chain)
    .filter((id) => !isUuid(id) && !isTemporarySnapshot(id))
    .map(
      (id) => `the record of ${file} has a snapshot ${JSON.stringify(id)}, which is no id; mend the record`,
    );
  return [...strange, ...misplacedSnapshots(chain)];
}

function misplacedSnapshots(chain: Chain): string[] {
  return snapshotIds(chain)
    .filter((id) => overlayIndex(chain, id) === -1 || snapshotLayers(chain, id).length === 0)
    .map(
      (id) =>
        `the record has the snapshot ${id} in ${chain.info?.snapshots[id] ?? '?'}, which is not in the chain of ` +
        `${activeLayer(chain).file} or has nothing below it; mend the record`,
    );
}

function refuseProblems(volumeId: string, problems: readonly string[]): void {
  if (problems.length === 0) return;
  throw new DriverError({
    code: 'damaged',
    message: `volume ${volumeId} is not adopted: ${problems.join('; ')}`,
    details: { volumeId },
  });
}
