import { base } from './jest.base.mjs';

/** Unit tests, beside the sources. */
export default {
  ...base,
  roots: ['<rootDir>/packages', '<rootDir>/drivers', '<rootDir>/examples'],
  testMatch: ['**/src/**/*.spec.ts'],
  maxWorkers: 2,
  collectCoverageFrom: ['{packages,drivers}/*/src/**/*.ts', '!**/*.spec.ts', '!**/index.ts'],
};
