import { describeConformance } from '@scoria/testkit';
import { localHarness } from './local-harness.js';

describeConformance('the local driver, raw volumes', () => localHarness('raw'));
