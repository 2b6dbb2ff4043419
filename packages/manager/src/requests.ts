import type { Metadata } from '@scoria/store';

/** Who asks, on whose behalf. */
export interface Caller {
  readonly projectId: string;
  /** `req-` and a UUID; made when missing. */
  readonly requestId?: string;
  /** Ends the operation where it may be ended. */
  readonly signal?: AbortSignal;
}

export interface CreateVolumeRequest {
  readonly name: string;
  readonly description?: string;
  /** A positive whole number of GiB in bytes. May be left out with a source: the source's size. */
  readonly sizeBytes?: number;
  /** Id or unique name. At most one of the two. */
  readonly fromSnapshot?: string;
  readonly fromVolume?: string;
  /** Place it there, whatever the type says. */
  readonly backend?: string;
  /** Id or unique name of a volume type. */
  readonly type?: string;
  readonly metadata?: Metadata;
}

export interface CreateSnapshotRequest {
  readonly volume: string;
  readonly name: string;
  readonly description?: string;
  readonly metadata?: Metadata;
}

export interface ManageVolumeRequest {
  readonly backend: string;
  readonly reference: Readonly<Record<string, string>>;
  readonly name: string;
}

export interface ManageSnapshotRequest extends CreateSnapshotRequest {
  readonly reference: Readonly<Record<string, string>>;
}

/** An image file on this host, in a format that is told and not guessed. */
export interface ImageFile {
  /** Absolute, of a regular file. */
  readonly file: string;
  readonly format: 'qcow2';
}

export interface RetypeOptions {
  /**
   * Whether the volume may be moved to another backend where its own cannot make it what the type asks for; `never`
   * unless told.
   */
  readonly migrationPolicy?: 'never' | 'on-demand';
}

/** How an attachment comes to be; the connector is os-brick's. */
export interface AttachRequest {
  readonly volume: string;
  readonly connector: Readonly<Record<string, unknown>> & { readonly host: string };
  /** The guest's id at the compute service. */
  readonly instanceId?: string;
  /** The Unix socket of the guest's monitor on that host: absolute, at most 107 bytes. */
  readonly monitor?: string;
  readonly device?: string;
}
