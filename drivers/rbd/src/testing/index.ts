/** The random sequences on trees of clones, for tests on a simulated cluster and on a real one. */
export * from './call-driver.js';
export * from './dry-runs.js';
export * from './extras.js';
export * from './extras-world.js';
export * from './images.js';
export * from './run-trees.js';
export * from './simulated-world.js';
export * from './tree-check.js';
export * from './tree-run.js';
export * from './tree-step.js';
export * from './tree-world.js';
