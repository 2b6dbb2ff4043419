import { Type } from 'typebox';
import { Container, ContainerModule, inject, injectable } from '../index.js';
import { MinimalDriver } from '../fixtures/drivers.js';
import { aContext, KeepingLogger, rejection } from '../fixtures/objects.js';
import { defineOptions, secret } from '../options/option-schema.js';
import type { OptionsOf } from '../options/option-schema.js';
import { Logger } from '../ports/logger.js';
import { createBackend } from './backend.js';
import type { Backend } from './backend.js';
import type { DriverPlugin } from './define-driver.js';
import { defineDriver } from './define-driver.js';
import { BackendIdentity, DriverOptions } from './tokens.js';

const OPTIONS = defineOptions({
  url: Type.String(),
  retries: Type.Integer({ default: 3 }),
  password: secret(Type.Optional(Type.String())),
});
const Session = Symbol('Session');

/** What a driver is given, kept where a test can see it. */
interface Given {
  readonly driver: AcmeDriver;
  readonly options: OptionsOf<typeof OPTIONS>;
  readonly identity: BackendIdentity;
  readonly session: object;
}
let given: Given[] = [];

@injectable()
class AcmeDriver extends MinimalDriver {
  constructor(
    @inject(DriverOptions) options: OptionsOf<typeof OPTIONS>,
    @inject(BackendIdentity) identity: BackendIdentity,
    @inject(Logger) private readonly logger: Logger,
    @inject(Session) session: object,
  ) {
    super();
    given.push({ driver: this, options, identity, session });
  }

  override async setup(): Promise<void> {
    await super.setup();
    this.logger.info('connected');
  }
}

const bindings = new ContainerModule(({ bind }) => {
  bind(Session)
    .toDynamicValue(() => ({}))
    .inSingletonScope();
});

function aPlugin(fields: Partial<DriverPlugin> = {}): DriverPlugin {
  const plugin = { name: 'acme', apiRange: '^1.0.0', options: OPTIONS, capabilities: [], driver: AcmeDriver };
  return defineDriver({ ...plugin, bindings, ...fields });
}

const plugin = aPlugin();
let logger: KeepingLogger;
let root: Container;

beforeEach(() => {
  given = [];
  logger = new KeepingLogger();
  root = new Container();
  root.bind<Logger>(Logger).toConstantValue(logger);
});

async function backend(name: string, options: object = {}, of = plugin): Promise<Backend> {
  const configuration = { name, options: { url: `http://${name}`, ...options }, stateDirectory: '/state' };
  return createBackend(root, of, configuration);
}

describe('createBackend', () => {
  it('gives the driver its options with their defaults, and its identity', async () => {
    const { options, name } = await backend('a');
    expect(name).toBe('a');
    expect(options).toEqual({ url: 'http://a', retries: 3 });
    expect(given[0]?.options).toEqual(options);
    expect(given[0]?.identity).toEqual({ name: 'a', stateDirectory: '/state/a' });
  });

  it('keeps two backends of one plugin apart', async () => {
    const first = await backend('a', { retries: 1 });
    const second = await backend('b', { retries: 2 });
    expect(given.map(({ options }) => options.retries)).toEqual([1, 2]);
    expect(given.map(({ identity }) => identity.name)).toEqual(['a', 'b']);
    expect(given[0]?.session).not.toBe(given[1]?.session);
    await first.start(aContext());
    await second.start(aContext());
    expect(logger.lines).toEqual([
      ['connected', { backend: 'a' }],
      ['connected', { backend: 'b' }],
    ]);
    await first.stop(aContext());
    expect(given.map(({ driver }) => driver.calls.includes('teardown'))).toEqual([true, false]);
  });

  it('leaves nothing of a backend in the root container', async () => {
    await backend('a');
    expect(root.isBound(DriverOptions)).toBe(false);
    expect(root.isBound(Session)).toBe(false);
  });

  it('reads options that are text', async () => {
    const configuration = { name: 'a', options: { url: 'http://a', retries: '7' }, stateDirectory: '/state' };
    const { options } = await createBackend(root, plugin, { ...configuration, optionsAreText: true });
    expect(options.retries).toBe(7);
  });

  it('says whose options are wrong, and constructs no driver', async () => {
    expect(await rejection(backend('a', { retrys: 1 }))).toMatchObject({
      name: 'OptionsError',
      message: expect.stringMatching(/^backend a \(driver acme\) has 1 wrong option/) as string,
    });
    expect(given).toEqual([]);
  });

  it('checks the plugin', async () => {
    const refused = backend('a', {}, aPlugin({ capabilities: ['clone'] }));
    expect(await rejection(refused)).toMatchObject({ code: 'capability-mismatch' });
  });

  it('waits for bindings that take their time', async () => {
    const slow = new ContainerModule(async ({ bind }) => {
      await Promise.resolve();
      bind(Session).toDynamicValue(async () => Promise.resolve({ slow: true }));
    });
    await backend('a', {}, aPlugin({ bindings: slow }));
    expect(given[0]?.session).toEqual({ slow: true });
  });

  it.each<[string, () => ContainerModule]>([
    ['a binding is missing', () => new ContainerModule(() => {})],
    [
      'a binding throws',
      () =>
        new ContainerModule(() => {
          throw new Error('no licence');
        }),
    ],
  ])('says which driver could not be constructed when %s', async (_, broken) => {
    const error = await rejection(backend('a', {}, aPlugin({ bindings: broken() })));
    expect(error).toMatchObject({ name: 'PluginError', code: 'plugin-failed', details: { driver: 'acme' } });
    expect(String(error)).toMatch(/^PluginError: the driver acme could not be constructed: /);
  });
});

describe('a backend', () => {
  it('starts in the order of the contract and returns the first statistics', async () => {
    const started = await backend('a');
    expect(await started.start(aContext())).toMatchObject({ vendorName: 'Acme' });
    expect(given[0]?.driver.calls).toEqual(['setup', 'checkForSetupError', 'recover', 'stats']);
  });

  it('does not go on where a step fails, and can be stopped all the same', async () => {
    const started = await backend('a');
    const { driver } = given[0]!;
    driver.checkForSetupError = async () => Promise.reject(new Error('the pool is missing'));
    await expect(started.start(aContext())).rejects.toThrow('the pool is missing');
    expect(driver.calls).toEqual(['setup']);
    await started.stop(aContext());
    expect(driver.calls).toEqual(['setup', 'teardown']);
  });

  it('lets its container go when it is stopped, also where teardown fails, and may be stopped twice', async () => {
    const ended: string[] = [];
    const closing = new ContainerModule(({ bind }) => {
      bind(Session)
        .toDynamicValue(() => ({}))
        .inSingletonScope()
        .onDeactivation(async () => {
          await Promise.resolve();
          ended.push('session closed');
        });
    });
    const stopped = await backend('a', {}, aPlugin({ bindings: closing }));
    const { driver } = given[0]!;
    driver.teardown = async () => Promise.reject(new Error('gone already'));
    await expect(stopped.stop(aContext())).rejects.toThrow('gone already');
    expect(ended).toEqual(['session closed']);
    driver.teardown = async () => Promise.resolve();
    await expect(stopped.stop(aContext())).resolves.toBeUndefined();
  });
});
