import type { ChainReader } from '../chain/chain-reader.js';
import type { ShareDirectory } from '../chain/share-directory.js';
import { GuestSigns } from './guest-signs.js';
import { GuestSteps } from './guest-steps.js';
import type { Journal } from './journal.js';
import { OnlineExecutor } from './online-executor.js';
import { isCommitted, PlanExecutor } from './plan-executor.js';
import type { StepRunner } from './step-runner.js';

/** What a share's executor works with. */
interface ExecutorParts {
  readonly directory: ShareDirectory;
  readonly reader: ChainReader;
  readonly journal: Journal;
  readonly steps: StepRunner;
}

/** The executor of the plans on one share, whoever does their steps. */
export function planExecutor({ directory, reader, journal, steps }: ExecutorParts): PlanExecutor {
  const signs = new GuestSigns(directory);
  const online = new OnlineExecutor({
    directory,
    journal,
    steps,
    guestSteps: new GuestSteps(directory, signs),
    signs,
    isCommitted: async (plan) => isCommitted(reader, plan),
  });
  return new PlanExecutor(reader, journal, steps, online);
}
