import path from 'node:path';

const GIB = 2 ** 30;

export interface CephClusterOptions {
  /** `none` unless told. */
  readonly auth?: 'none' | 'cephx';
  /** What clones are made as, by the oldest client that the cluster asks for; 2 unless told. */
  readonly cloneFormat?: 1 | 2;
  /** The pools there are from the start; one called `rbd` unless told. */
  readonly pools?: readonly string[];
  /** `memstore`, which only a stop in good order leaves its data; `bluestore` keeps them in a file, for OSDs that are killed. */
  readonly store?: 'memstore' | 'bluestore';
  /** How many bytes it holds; 8 GiB unless told. */
  readonly bytes?: number;
  /** Further settings of all daemons and clients. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Where a cluster of the tests is. */
interface Place {
  readonly directory: string;
  readonly fsid: string;
  readonly ports: { readonly v2: number; readonly v1: number };
}

/** One OSD holds everything, nothing is waited for that only a large cluster needs. */
const SMALL: Readonly<Record<string, string>> = {
  osd_pool_default_size: '1',
  osd_pool_default_min_size: '1',
  osd_pool_default_pg_autoscale_mode: 'off',
  osd_crush_chooseleaf_type: '0',
  mon_allow_pool_size_one: 'true',
  mon_allow_pool_delete: 'true',
  mon_max_pg_per_osd: '10000',
  mon_warn_on_pool_no_redundancy: 'false',
  // The room of the disk that the tests are on is not the cluster's.
  mon_data_avail_warn: '1',
  mon_data_avail_crit: '0',
};

/** A second for each change of the cluster's map, as clusters have it by default, would be most of a test's time. */
const QUICK: Readonly<Record<string, string>> = {
  paxos_propose_interval: '0.001',
  paxos_min_wait: '0.001',
  mon_tick_interval: '1',
  mgr_tick_period: '1',
  mgr_stats_period: '1',
  mgr_standby_modules: 'false',
};

/** A memstore is written down when its OSD ends in good order, and only then. */
const MEMSTORE = { osd_objectstore: 'memstore', osd_fast_shutdown: 'false' };

/** What all daemons and clients of a cluster read. */
export function cephConfiguration(place: Place, options: CephClusterOptions): string {
  const settings = {
    ...whereabouts(place),
    ...access(options.auth ?? 'none'),
    ...SMALL,
    ...QUICK,
    ...storage(options),
    ...options.settings,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  const keyrings = `${place.directory}/$name.keyring,${place.directory}/keyring`;
  return [
    ...['[global]', ...lines],
    ...['[client]', `keyring = ${keyrings}`, 'admin_socket =', 'log_file =', ''],
  ].join('\n');
}

function whereabouts({ directory, fsid, ports }: Place): Record<string, string> {
  const inside = (name: string): string => path.join(directory, name);
  return {
    fsid,
    mon_host: `[v2:127.0.0.1:${String(ports.v2)},v1:127.0.0.1:${String(ports.v1)}]`,
    mon_initial_members: 'a',
    public_addr: '127.0.0.1',
    run_dir: directory,
    pid_file: '',
    admin_socket: '',
    log_file: inside('$name.log'),
    crash_dir: inside('crash'),
    keyring: inside('keyring'),
    mon_data: inside('mon'),
    mgr_data: inside('mgr'),
    osd_data: inside('osd'),
    // None: its thirty Python modules take longer to load than all the rest of the cluster.
    mgr_module_path: inside('modules'),
  };
}

function access(auth: 'none' | 'cephx'): Record<string, string> {
  return {
    auth_cluster_required: auth,
    auth_service_required: auth,
    auth_client_required: auth,
    auth_allow_insecure_global_id_reclaim: 'false',
  };
}

function storage({ store = 'memstore', bytes = 8 * GIB }: CephClusterOptions): Record<string, string> {
  const size = String(bytes);
  if (store === 'memstore') return { ...MEMSTORE, memstore_device_bytes: size };
  return { osd_objectstore: store, bluestore_block_size: size, bluestore_fsck_on_mount: 'false' };
}

/** The keys of the daemons and of the administrator. */
export function cephKeyring(newKey: () => string): string {
  const everything = { mon: 'allow *', osd: 'allow *', mgr: 'allow *', mds: 'allow *' };
  const daemon = (name: string): Record<string, string> => ({ ...everything, mon: `allow profile ${name}` });
  const entries: [name: string, rights: Record<string, string>][] = [
    ['mon.', { mon: 'allow *' }],
    ['client.admin', everything],
    ['mgr.x', daemon('mgr')],
    ['osd.0', daemon('osd')],
  ];
  return entries.map(([name, rights]) => keyringEntry(name, newKey(), rights)).join('');
}

function keyringEntry(name: string, key: string, rights: Record<string, string>): string {
  const lines = Object.entries(rights).map(([service, right]) => `\tcaps ${service} = "${right}"\n`);
  return `[${name}]\n\tkey = ${key}\n${lines.join('')}`;
}
