import { Clock } from '@scoria/core';
import type { Metadata, Records, VolumeTypeRecord } from '@scoria/store';
import { Store, StoreError } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { randomUUID } from 'node:crypto';
import { ManagerError } from '../errors.js';

export interface NewVolumeType {
  readonly name: string;
  readonly description?: string;
  readonly extraSpecs?: Metadata;
  readonly qosSpecs?: Metadata;
}

const MAX_TEXT = 255;

/** Keys as the Block Storage API takes them. */
const KEY = /^[\w:.-](?:[\w:. -]{0,253}[\w:.-])?$/;

/** Volume types: what a backend must have for a volume, and how its data is served. */
@injectable()
export class VolumeTypes {
  constructor(
    @inject(Store) private readonly store: Store,
    @inject(Clock) private readonly clock: Clock,
  ) {}

  async list(): Promise<VolumeTypeRecord[]> {
    return this.store.listVolumeTypes();
  }

  /**
   * A type by its id or name, which only one has.
   * @throws ManagerError `not-found`
   */
  async find(
    type: string,
    records: Pick<Records, 'listVolumeTypes'> = this.store,
  ): Promise<VolumeTypeRecord> {
    const types = await records.listVolumeTypes();
    const found = types.find(({ id }) => id === type) ?? types.find(({ name }) => name === type);
    if (found !== undefined) return found;
    const known = types.map(({ name }) => name).join(', ');
    throw new ManagerError({
      code: 'not-found',
      message: `there is no volume type ${JSON.stringify(type)}; there are ${known === '' ? 'none' : known}`,
      details: { type },
    });
  }

  /** @throws ManagerError `invalid-input`, `conflict` for a name that is taken */
  async create(request: NewVolumeType): Promise<VolumeTypeRecord> {
    const problems = problemsOf(request);
    if (problems.length > 0) {
      throw new ManagerError({
        code: 'invalid-input',
        message: `the volume type cannot be made: ${problems.join('; ')}`,
      });
    }
    const type: VolumeTypeRecord = {
      id: randomUUID(),
      name: request.name.trim(),
      ...(request.description === undefined ? {} : { description: request.description }),
      extraSpecs: request.extraSpecs ?? {},
      qosSpecs: request.qosSpecs ?? {},
      createdAt: new Date(this.clock.now()).toISOString(),
    };
    await this.#insert(type);
    return type;
  }

  /** @throws ManagerError `not-found`, `has-dependents` while volumes have it */
  async remove(type: string): Promise<void> {
    await this.store.transaction(async (records) => {
      const found = await this.find(type, records);
      if (await records.removeVolumeType(found.id)) return;
      const users = await records.listVolumes({ typeId: found.id, limit: 10 });
      throw new ManagerError({
        code: 'has-dependents',
        message:
          `volume type ${found.name} is in use and was not deleted: ` +
          `${users.map(({ id }) => id).join(', ')}; retype or delete its volumes first`,
        details: { type: found.id, blockers: users.map(({ id }) => id) },
      });
    });
  }

  async #insert(type: VolumeTypeRecord): Promise<void> {
    try {
      await this.store.transaction(async (records) => {
        const taken = (await records.listVolumeTypes()).some(({ name }) => name === type.name);
        if (taken) throw nameTaken(type.name);
        await records.insertVolumeType(type);
      });
    } catch (error) {
      throw error instanceof StoreError && error.code === 'already-exists' ? nameTaken(type.name) : error;
    }
  }
}

function problemsOf({ name, description, extraSpecs, qosSpecs }: NewVolumeType): string[] {
  const problems: string[] = [];
  if (name.trim() === '') problems.push('it needs a name');
  if (name.length > MAX_TEXT) problems.push(`its name has more than ${String(MAX_TEXT)} characters`);
  if ((description ?? '').length > MAX_TEXT) {
    problems.push(`its description has more than ${String(MAX_TEXT)} characters`);
  }
  return [...problems, ...specProblemsOf('extra', extraSpecs), ...specProblemsOf('qos', qosSpecs)];
}

function specProblemsOf(kind: 'extra' | 'qos', specs: Metadata = {}): string[] {
  return Object.entries(specs).flatMap(([key, value]) => {
    const shown = JSON.stringify(key);
    if (!KEY.test(key)) {
      return [
        `the ${kind} spec ${shown} has a key of other than letters, digits, '_', '-', '.', ':' and ' '`,
      ];
    }
    if (typeof value !== 'string') return [`the ${kind} spec ${shown} has a value that is no text`];
    return value.length > MAX_TEXT ? [`the ${kind} spec ${shown} has too long a value`] : [];
  });
}

function nameTaken(name: string): ManagerError {
  return new ManagerError({
    code: 'conflict',
    message: `there is a volume type ${JSON.stringify(name)} already; take another name or delete that one`,
    details: { name },
  });
}
