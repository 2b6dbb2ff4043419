/** What the unit tests and the tests on real things have in common. */
export const base = {
  rootDir: import.meta.dirname,
  testEnvironment: './jest.environment.mjs',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['ts-jest', { useESM: true, tsconfig: 'tsconfig.check.json' }] },
  resolver: './jest.resolver.cjs',
  // '@scoria/source' makes imports of other workspaces read their sources, so no build is needed first.
  testEnvironmentOptions: { customExportConditions: ['@scoria/source', 'node', 'node-addons'] },
  modulePathIgnorePatterns: ['<rootDir>/(packages|drivers|examples)/[^/]+/dist/', '<rootDir>/test/dist/'],
  restoreMocks: true,
  // Modules of suites that have ended stay in memory. A worker that keeps them all starts programs slowly: forking takes
  // the longer the larger a process is.
  workerIdleMemoryLimit: '500MB',
};
