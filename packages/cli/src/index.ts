export { endInAnyCase } from './end-in-any-case.js';
export { main } from './main.js';
