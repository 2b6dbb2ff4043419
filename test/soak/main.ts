/** Long runs of tests that `npm test` has in short: `npm run soak -- NAME`. */
import { soakChains } from './chains.js';
import { soakConformance } from './conformance.js';
import { soakCrash } from './crash.js';
import { soakManager } from './manager.js';
import { soakNovaKills } from './nova-kills.js';
import { soakOnlineKills } from './online-kills.js';
import { soakOnline } from './online.js';
import { soakRaces } from './races.js';
import { soakRbd, soakRbdSimulated } from './rbd.js';
import { soakRbdDifferential } from './rbd-differential.js';
import { soakTwoHosts } from './two-hosts.js';
import { soakTwoManagers } from './two-managers.js';

type Soak = (args: readonly string[]) => Promise<void>;

const SOAKS: Readonly<Record<string, Soak>> = {
  chains: soakChains,
  conformance: soakConformance,
  crash: soakCrash,
  manager: soakManager,
  'nova-kills': soakNovaKills,
  online: soakOnline,
  'online-kills': soakOnlineKills,
  races: soakRaces,
  rbd: soakRbd,
  'rbd-simulated': soakRbdSimulated,
  'rbd-differential': soakRbdDifferential,
  'two-hosts': soakTwoHosts,
  'two-managers': soakTwoManagers,
};

const [, , name = '', ...args] = process.argv;
const soak = Object.hasOwn(SOAKS, name) ? SOAKS[name] : undefined;
if (soak === undefined) {
  console.error(`usage: npm run soak -- ${Object.keys(SOAKS).join('|')}`);
  process.exitCode = 2;
} else {
  await soak(args);
}
