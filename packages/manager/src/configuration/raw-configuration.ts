import type { Place } from './place.js';
import type { ConfigurationProblem } from './problems.js';

/** A value as it was written, and where. */
export interface Setting extends Place {
  readonly value: unknown;
  /** Why what was written has no value; told only where the setting is used. */
  readonly problem?: string;
}

export interface RawSection extends Place {
  readonly settings: ReadonlyMap<string, Setting>;
  /** Why there are no settings to be read. */
  readonly problem?: string;
}

/** A configuration file as it was read, before anything is known of what it means. */
export interface RawConfiguration {
  readonly file: string;
  readonly format: 'yaml' | 'cinder';
  /** What is not of a backend, by names with dots for what is nested: `database.connection`. */
  readonly general: ReadonlyMap<string, Setting>;
  readonly sections: ReadonlyMap<string, RawSection>;
  readonly problems: readonly ConfigurationProblem[];
}
