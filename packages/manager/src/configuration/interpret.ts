import path from 'node:path';
import type { Configuration } from '../configuration.js';
import type { DriverNames } from './backend-sections.js';
import { readBackends } from './backend-sections.js';
import { GeneralSettings } from './general-settings.js';
import { novaSettingsOf } from './nova-settings.js';
import type { ConfigurationProblem } from './problems.js';
import { ProblemList } from './problems.js';
import type { Place } from './place.js';
import type { RawConfiguration } from './raw-configuration.js';
import {
  DEFAULT_CONCURRENCY,
  DEFAULT_LISTEN,
  DEFAULT_LOG_LEVEL,
  DEFAULT_STATS_SECONDS,
  NO_LIMIT,
} from './settings.js';

export interface Interpreted {
  readonly configuration: Configuration;
  readonly problems: readonly ConfigurationProblem[];
  /** Where a general setting stands. */
  placeOf(setting: string): Place | undefined;
  /** Where an option of a backend stands, or else the backend's section. */
  placeOfOption(backend: string, option: string): Place | undefined;
}

/** What a file means; what is wrong is listed, and the default stands in its place. */
export function interpret(raw: RawConfiguration, drivers: DriverNames): Interpreted {
  const problems = new ProblemList(raw.file);
  problems.include(raw.problems);
  const settings = new GeneralSettings(raw, problems);
  const enabledBackends = settings.get<readonly string[]>('enabled_backends', []);
  // Which backends were meant cannot be known where the list is wrong.
  const backends = settings.isWrong('enabled_backends')
    ? []
    : readBackends(raw, enabledBackends, drivers, problems);
  const nova = novaSettingsOf(raw, settings, problems);
  return {
    configuration: {
      ...general(raw.file, settings),
      enabledBackends,
      backends,
      ...(nova === undefined ? {} : { nova }),
    },
    problems: problems.all,
    placeOf: (setting) => raw.general.get(setting),
    placeOfOption: (backend, option) => {
      const section = raw.sections.get(backend);
      return section?.settings.get(option) ?? section;
    },
  };
}

function general(
  file: string,
  settings: GeneralSettings,
): Omit<Configuration, 'enabledBackends' | 'backends'> {
  const statePath = path.resolve(path.dirname(file), settings.get('state_path', './state'));
  const type = settings.get<string | undefined>('default_volume_type', undefined);
  return {
    file,
    statePath,
    databaseUrl: settings.get('database.connection', sqliteIn(statePath)),
    quotas: {
      volumes: settings.get('quota_volumes', NO_LIMIT),
      snapshots: settings.get('quota_snapshots', NO_LIMIT),
      gigabytes: settings.get('quota_gigabytes', NO_LIMIT),
    },
    listen: settings.get('listen', DEFAULT_LISTEN),
    backendConcurrency: settings.get('backend_concurrency', DEFAULT_CONCURRENCY),
    statsIntervalMs: settings.get('backend_stats_polling_interval', DEFAULT_STATS_SECONDS) * 1000,
    logLevel: settings.get('log_level', DEFAULT_LOG_LEVEL),
    ...(type === undefined ? {} : { defaultVolumeType: type }),
  };
}

/** Where the records are unless told. */
export function sqliteIn(statePath: string): string {
  return `sqlite:${path.join(statePath, 'scoria.db')}`;
}
