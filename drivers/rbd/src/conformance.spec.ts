import { describeConformance } from '@scoria/testkit';
import { simulatedHarness } from './spec-support/simulated-storage.js';

describeConformance('the RBD driver, clone format 1', () => simulatedHarness({ cloneFormat: 1 }));
describeConformance('the RBD driver, clone format 2', () => simulatedHarness({ cloneFormat: 2 }));
