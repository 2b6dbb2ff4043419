import type { QmpExecutor } from './qmp-connection.js';

/** A node as `query-named-block-nodes` lists it. */
interface NodeInfo {
  readonly 'node-name': string;
  readonly drv: string;
  readonly file: string;
  readonly backing_file?: string;
  readonly cache: { readonly direct: boolean; readonly 'no-flush': boolean };
  readonly detect_zeroes: string;
  readonly image: { readonly 'virtual-size': number; readonly 'backing-filename'?: string };
}

/** A node as `query-blockstats` shows it: `parent` is what it is called there, and the node below it what it is. */
interface NodeStats {
  readonly 'node-name'?: string;
  readonly parent?: NodeStats;
}

/** A node of a hypervisor's graph of block devices. */
export interface BlockNode {
  readonly name: string;
  readonly driver: string;
  /** The file whose bytes it reads in the end, through the nodes below it; not that of a backing file. */
  readonly file: string;
  readonly sizeBytes: number;
  readonly cache: { readonly direct: boolean; readonly 'no-flush': boolean };
  readonly detectZeroes: string;
}

const FORMATS: readonly string[] = ['raw', 'qcow2'];

/**
 * The nodes that a QEMU or qemu-storage-daemon has open at one time, found by file names: whoever opened them named
 * them as they liked, put filters above or below, or left out the node of a raw file's format.
 */
export class BlockGraph {
  readonly nodes: readonly BlockNode[];

  private constructor(
    private readonly infos: readonly NodeInfo[],
    /** The node below each node, other than a backing file. */
    private readonly below: ReadonlyMap<string, string>,
  ) {
    this.nodes = infos.map((info) => ({
      name: info['node-name'],
      driver: info.drv,
      file: this.#fileOf(info),
      sizeBytes: info.image['virtual-size'],
      cache: info.cache,
      detectZeroes: info.detect_zeroes,
    }));
  }

  static async read(monitor: QmpExecutor): Promise<BlockGraph> {
    const infos = (await monitor.execute('query-named-block-nodes', { flat: true })) as readonly NodeInfo[];
    const stats = (await monitor.execute('query-blockstats', {
      'query-nodes': true,
    })) as readonly NodeStats[];
    const below = stats.flatMap((node): [string, string][] => {
      const [name, child] = [node['node-name'], node.parent?.['node-name']];
      return name === undefined || child === undefined ? [] : [[name, child]];
    });
    return new BlockGraph(infos, new Map(below));
  }

  /** All nodes that read the file's bytes, each before the ones below it. */
  nodesOf(file: string): readonly BlockNode[] {
    const nodes = this.nodes.filter((node) => node.file === file);
    return nodes.sort((a, b) => this.#depth(b) - this.#depth(a));
  }

  /** The node of a file with its format; of a raw file, the one that reads its bytes where there is no other. */
  find(file: string): BlockNode | undefined {
    const nodes = this.nodesOf(file);
    return nodes.find(({ driver }) => FORMATS.includes(driver)) ?? nodes.at(-1);
  }

  /** The uppermost filter above a node, or the node itself. */
  top(node: BlockNode): BlockNode {
    const above = this.nodes.find(({ name }) => this.below.get(name) === node.name);
    return above === undefined ? node : this.top(above);
  }

  /** The nodes with a format, from that of the file down to the last one that has nothing below. */
  chain(file: string): readonly BlockNode[] {
    const chain: BlockNode[] = [];
    let node = this.find(file);
    while (node !== undefined && !chain.includes(node)) {
      chain.push(node);
      node = this.#backingOf(node);
    }
    return chain;
  }

  /** Whether a backing file is attached to the node, whatever its header says. */
  hasBacking(node: BlockNode): boolean {
    return this.#info(node)?.backing_file !== undefined;
  }

  #backingOf(node: BlockNode): BlockNode | undefined {
    const info = this.#info(node);
    if (info?.backing_file === undefined) return undefined;
    // Both are one text, even where QEMU had to cut it short; a name in the header may mean another file.
    const same = this.infos.filter(({ file }) => file === info.backing_file);
    const [only] = same;
    if (only !== undefined && new Set(same.map((one) => this.#fileOf(one))).size === 1) {
      return this.find(this.#fileOf(only));
    }
    return undefined;
  }

  #info({ name }: BlockNode): NodeInfo | undefined {
    return this.infos.find((info) => info['node-name'] === name);
  }

  #fileOf(info: NodeInfo): string {
    const below = this.below.get(info['node-name']);
    const next = this.infos.find((other) => other['node-name'] === below);
    return next === undefined ? info.file : this.#fileOf(next);
  }

  #depth({ name }: BlockNode): number {
    const below = this.below.get(name);
    const next = this.nodes.find((other) => other.name === below);
    return next === undefined ? 0 : 1 + this.#depth(next);
  }
}
