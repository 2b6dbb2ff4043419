import { inject, injectable } from 'inversify';
import { Adoption } from './adoption.js';
import { ManageImages } from './manage-images.js';
import { ManageSnapshotsOfImages } from './manage-snapshots.js';

/** What takes over images that are in the pool already. */
@injectable()
export class Takeover {
  constructor(
    @inject(ManageImages) readonly images: ManageImages,
    @inject(ManageSnapshotsOfImages) readonly snapshots: ManageSnapshotsOfImages,
    @inject(Adoption) readonly volumes: Adoption,
  ) {}
}
