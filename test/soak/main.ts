/** Long runs of tests that `npm test` has in short: `npm run soak -- NAME`. */
import { soakChains } from './chains.js';
import { soakCrash } from './crash.js';

const SOAKS: Readonly<Record<string, () => Promise<void>>> = { chains: soakChains, crash: soakCrash };

const name = process.argv[2] ?? '';
const soak = Object.hasOwn(SOAKS, name) ? SOAKS[name] : undefined;
if (soak === undefined) {
  console.error(`usage: npm run soak -- ${Object.keys(SOAKS).join('|')}`);
  process.exitCode = 2;
} else {
  await soak();
}
