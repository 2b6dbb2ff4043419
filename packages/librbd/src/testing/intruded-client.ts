import { type CallOrder, NativeCalls } from '../native/native-calls.js';
import { NativeRbdClient } from '../native/native-client.js';
import type { FunctionName } from '../native/functions.js';
import type { Argument } from '../native/native-library.js';

/** A client whose calls somebody comes between: before each of them is made, this is waited for. */
export class IntrudedRbdClient extends NativeRbdClient {
  constructor(private readonly intrude: (call: FunctionName) => Promise<void>) {
    super();
  }

  protected override newCalls(): NativeCalls {
    return new IntrudedCalls(this.intrude);
  }
}

class IntrudedCalls extends NativeCalls {
  constructor(private readonly intrude: (call: FunctionName) => Promise<void>) {
    super();
  }

  override async run(order: CallOrder, name: FunctionName, ...args: Argument[]): Promise<number> {
    await this.intrude(name);
    return super.run(order, name, ...args);
  }
}
