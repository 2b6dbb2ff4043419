import { inject, injectable } from 'inversify';
import { ManageFiles } from '../driver/manage-files.js';
import { Adoption } from './adoption.js';

/** Takes over what is on the shares already. */
@injectable()
export class Takeovers {
  constructor(
    /** Of single files. */
    @inject(ManageFiles) readonly files: ManageFiles,
    /** Of volumes with their chains. */
    @inject(Adoption) readonly volumes: Adoption,
  ) {}
}
