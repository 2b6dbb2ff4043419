/** The moment of a volume that a backup is made of. */
export interface BackupPoint {
  /** The backup's id: a canonical UUID. */
  readonly id: string;
  /** When the backup was asked for: ISO 8601, in UTC. Part of its name on some backends. */
  readonly createdAt: string;
}
