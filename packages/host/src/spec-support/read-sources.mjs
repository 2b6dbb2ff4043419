// Lets a process that a spec starts run the sources, with no build: node --import <this file> program.ts
import { register } from 'node:module';

register('./read-sources-hooks.mjs', import.meta.url);
