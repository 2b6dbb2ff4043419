import { TestEnvironment } from 'jest-environment-node';

/** Node 20 has the symbols of `using` and `await using` in its main context only, not in those tests run in. */
export default class extends TestEnvironment {
  async setup() {
    await super.setup();
    for (const name of ['dispose', 'asyncDispose']) {
      if (this.global.Symbol[name] === undefined) {
        Object.defineProperty(this.global.Symbol, name, { value: Symbol[name] });
      }
    }
  }
}
