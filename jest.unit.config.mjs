import { base } from './jest.base.mjs';

/** Unit tests, beside the sources. */
export default {
  ...base,
  roots: ['<rootDir>/packages', '<rootDir>/drivers', '<rootDir>/examples'],
  testMatch: ['**/src/**/*.spec.ts'],
  maxWorkers: 2,
  // Some run real tools, on machines that are busy with something else.
  testTimeout: 60_000,
  collectCoverageFrom: ['{packages,drivers}/*/src/**/*.ts', '!**/*.spec.ts', '!**/index.ts'],
};
