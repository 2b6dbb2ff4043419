import { memoryHarness, plainMemoryPlugin } from '../memory-driver/memory-plugin.js';
import type { SuiteRunner } from './describe-conformance.js';
import { describeConformance } from './describe-conformance.js';
import { runConformance } from './run-conformance.js';

/** A runner that only remembers. */
function recorder(): SuiteRunner & { readonly names: string[] } {
  const names: string[] = [];
  const it = (name: string): void => void names.push(name);
  it.skip = (name: string): void => void names.push(`skipped ${name}`);
  return {
    names,
    describe: (_name, body) => {
      body();
    },
    it,
  };
}

describe('describeConformance', () => {
  it('leaves out what needs other capabilities, and shows what is skipped with its reason', () => {
    const runner = recorder();
    const name = 'createVolume: any text is a name';
    const skip = { [name]: 'names are checked elsewhere' };
    describeConformance('x', () => memoryHarness(plainMemoryPlugin), { runner, skip });
    expect(runner.names).toContain(`skipped ${name} (names are checked elsewhere)`);
    expect(runner.names.filter((each) => each.includes('createClonedVolume:'))).toEqual([]);
    expect(new Set(runner.names).size).toBe(runner.names.length);
  });

  it('refuses to skip what does not exist', () => {
    const skip = { 'no such case': 'because' };
    expect(() => {
      describeConformance('x', () => memoryHarness(), { runner: recorder(), skip });
    }).toThrow(/'no such case'/);
  });
});

describe('runConformance', () => {
  it('runs chosen cases without a test runner', async () => {
    const name = 'plugin: fits the contract, and describes its options';
    expect(await runConformance(() => memoryHarness(), [name])).toEqual([{ name, error: undefined }]);
  });
});
