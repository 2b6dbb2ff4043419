import { describeConformance } from './describe-conformance.js';
import { memoryHarness, plainMemoryPlugin } from '../memory-driver/memory-plugin.js';

describeConformance('the driver in memory', () => memoryHarness());
describeConformance('the driver in memory without capabilities', () => memoryHarness(plainMemoryPlugin));
