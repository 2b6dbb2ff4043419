import type { KillScene } from './kill-scene.js';

/** What becomes of the guest between the death of one process that changes its chain and the start of the next. */
export interface Fate {
  readonly name: string;
  readonly ends?: 'stopped' | 'killed';
  /** Whether the record still says that it has the volume. */
  readonly isRecorded?: boolean;
  /** Started anew before anything else is done, with the file that connecting the volume names. */
  readonly isBack?: boolean;
}

export const RUNS: Fate = { name: 'the guest runs on' };

/** What a hypervisor that is dead already leaves to choose. */
export const DEATHS: readonly [Fate, ...Fate[]] = [
  { name: 'the guest is killed, recorded still', ends: 'killed', isRecorded: true },
  { name: 'the guest is killed', ends: 'killed' },
  { name: 'the guest is killed and started anew', ends: 'killed', isRecorded: true, isBack: true },
];

export const FATES: readonly Fate[] = [
  RUNS,
  { name: 'the guest is stopped', ends: 'stopped' },
  { name: 'the guest is stopped, recorded still', ends: 'stopped', isRecorded: true },
  { name: 'the guest is stopped and started anew', ends: 'stopped', isBack: true },
  ...DEATHS,
];

/**
 * Ends the guest, if it is to end.
 * @returns what is to be done when the next process is there: the volume reads as the guest has left it
 */
export async function meet(scene: KillScene, fate: Fate): Promise<() => Promise<void>> {
  const { volume, guest } = scene;
  if (fate.ends === undefined) return async () => Promise.resolve();
  if (fate.ends === 'stopped') await guest.stop();
  else await guest.kill();
  volume.guest = undefined;
  volume.bytes = guest.log.after(guest.log.acknowledged);
  if (fate.isRecorded !== true) volume.forgetGuest();
  return async () => {
    if (fate.ends === 'killed') {
      volume.bytes = await scene.read(volume.volume);
      guest.log.requireSurvived(volume.bytes);
    }
    if (fate.isBack === true) await volume.attach();
  };
}
