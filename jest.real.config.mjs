import { base } from './jest.base.mjs';

/** Tests on real images, file systems and processes. They take their time. */
export default {
  ...base,
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.spec.ts'],
  testTimeout: 120_000,
  maxWorkers: 2,
  testSequencer: './.ci/longest-first.cjs',
};
