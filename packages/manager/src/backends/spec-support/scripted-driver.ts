import type { BackendStats, ConnectionInfo, Connector, OperationContext, Volume } from '@scoria/core';
import { defineDriver, DriverError } from '@scoria/core';
import { MEMORY_OPTIONS, MemoryDriver } from '@scoria/testkit';
import { injectable, injectFromBase } from 'inversify';

/** What the driver of an array does at its next calls; kept beside the module, which is imported by its name. */
export interface Script {
  readonly calls: string[];
  setup?: () => Promise<void>;
  stats?: () => Promise<void>;
  export?: (volume: Volume) => Promise<void>;
  /** The file that a guest opens. */
  connect?: (volume: Volume, connector: Connector) => Promise<string>;
  teardown?: () => Promise<void>;
}

interface Everywhere {
  scoriaSpecScripts?: Map<string, Script>;
}

/** The script of an array, whichever copy of this module asks. */
export function scriptOf(array: string): Script {
  const everywhere: Everywhere = globalThis as Everywhere;
  const scripts = (everywhere.scoriaSpecScripts ??= new Map<string, Script>());
  const script: Script = scripts.get(array) ?? { calls: [] };
  scripts.set(array, script);
  return script;
}

export function down(message: string): () => Promise<void> {
  return () => Promise.reject(new DriverError({ code: 'unavailable', message }));
}

@injectable()
@injectFromBase({ extendConstructorArguments: true })
class ScriptedDriver extends MemoryDriver {
  get #script(): Script {
    return scriptOf(this.options.array_name);
  }

  override async setup(): Promise<void> {
    this.#script.calls.push('setup');
    await this.#script.setup?.();
  }

  override async stats(): Promise<BackendStats> {
    this.#script.calls.push('stats');
    await this.#script.stats?.();
    return super.stats();
  }

  override async ensureExport(_context: OperationContext, volume: Volume): Promise<void> {
    this.#script.calls.push(`export ${volume.name}`);
    await this.#script.export?.(volume);
  }

  override async initializeConnection(
    _context: OperationContext,
    volume: Volume,
    connector: Connector,
  ): Promise<ConnectionInfo> {
    const guests = volume.attachments?.map(({ host }) => host).join(' ') ?? '';
    this.#script.calls.push(`connect ${volume.name} for ${guests}`);
    const file = (await this.#script.connect?.(volume, connector)) ?? 'file';
    return { driver_volume_type: 'scripted', data: { file, host: connector.host } };
  }

  override async teardown(): Promise<void> {
    this.#script.calls.push('teardown');
    await this.#script.teardown?.();
  }
}

export default defineDriver({
  name: 'scripted',
  apiRange: '^1.0.0',
  options: MEMORY_OPTIONS,
  capabilities: [],
  driver: ScriptedDriver,
});
