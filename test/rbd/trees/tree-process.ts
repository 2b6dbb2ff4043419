/** A process that runs the RBD driver and is killed at any moment. Takes its orders from the one that has started it. */
import { Container, createBackend, createContext, isDriverError, Logger } from '@scoria/core';
import rbdPlugin from '@scoria/driver-rbd';
import { callDriver } from '@scoria/driver-rbd/testing';
import { hostModule } from '@scoria/host';
import type { TreeAnswer, TreeProcessOptions, TreeRequest } from './tree-message.js';

const [, , text = ''] = process.argv;
const { options, stateDirectory } = JSON.parse(text) as TreeProcessOptions;
const root = new Container();
root.load(hostModule({ log: { level: 'error' } }));
const backend = await createBackend(root, rbdPlugin, { name: 'rbd', options, stateDirectory });
const context = createContext({ requestId: 'trees', logger: root.get<Logger>(Logger) });

function say(answer: TreeAnswer): void {
  process.send?.(answer);
}

async function answer({ call }: TreeRequest): Promise<TreeAnswer> {
  try {
    await callDriver(backend.driver, context, call);
    return { kind: 'done' };
  } catch (error) {
    if (!isDriverError(error)) return { kind: 'refused', code: 'defect', message: String(error) };
    return { kind: 'refused', code: error.code, message: error.message };
  }
}

await backend.start(context);
process.on('message', (request: TreeRequest) => {
  answer(request).then(say, (error: unknown) => {
    throw error;
  });
});
process.once('disconnect', () => {
  backend.stop(context).then(
    () => process.exit(0),
    () => process.exit(1),
  );
});
say({ kind: 'ready' });
