import type { Flattening } from '@scoria/core';

/** What an operation will do, step by step, as a dry run prints it. */
export interface OperationPlan {
  readonly operation: string;
  /** What it is done to: `volume data (2f3c...)`. */
  readonly subject: string;
  readonly backend?: string;
  readonly steps: readonly string[];
  /** Why it would be refused now; empty when it would go ahead. */
  readonly problems: readonly string[];
}

/** One thing that another depends on, or that is in its way. */
export interface Dependency {
  readonly kind: 'volume' | 'snapshot' | 'attachment' | 'operation' | 'backend';
  readonly id: string;
  readonly name?: string;
  /** How it is related, for a person: `snapshot of this volume`, `reads this snapshot's data`. */
  readonly relation: string;
}

export interface Blocker extends Dependency {
  /** What would free it: `scoria snapshot delete ID`. */
  readonly remedy: string;
}

/** What a volume or snapshot depends on, what depends on it, what blocks its deletion and what would free it. */
export interface Dependencies {
  readonly subject: { readonly kind: 'volume' | 'snapshot'; readonly id: string; readonly name: string };
  readonly dependsOn: readonly Dependency[];
  readonly dependents: readonly Dependency[];
  readonly blockers: readonly Blocker[];
}

/** One layer of a volume's data on its backend, oldest first; a tree where several have one parent. */
export interface ChainNode {
  readonly id: string;
  readonly kind: 'volume' | 'snapshot' | 'base';
  readonly name: string;
  readonly status: string;
  readonly parentId?: string;
  readonly sizeBytes: number;
  /** What the backend calls the layer (a file, an image), and its format, where the backend can tell. */
  readonly layer?: string;
  readonly format?: string;
  /** It becomes independent of what is below it, in the background. */
  readonly flattening?: Flattening;
  /** What is in the way of deleting it. */
  readonly blockedBy: readonly string[];
}

export type FindingKind = 'orphan' | 'missing' | 'mismatched' | 'quota' | 'stuck';

/** One difference between a backend and the records. */
export interface AuditFinding {
  readonly kind: FindingKind;
  readonly resourceKind: 'volume' | 'snapshot' | 'quota';
  readonly id: string;
  readonly name?: string;
  /** Expected and found, for a person. */
  readonly problem: string;
  /** What a repair would do; absent where a person has to decide. */
  readonly repair?: string;
}

export interface AuditReport {
  readonly backend: string;
  readonly checkedVolumes: number;
  readonly checkedSnapshots: number;
  readonly findings: readonly AuditFinding[];
  /** What was done, where a repair was asked for. */
  readonly repaired: readonly string[];
}

export interface AdoptionReport {
  readonly backend: string;
  readonly dryRun: boolean;
  readonly adopted: readonly {
    readonly id: string;
    readonly snapshots: number;
    readonly changes: readonly string[];
  }[];
  readonly alreadyKnown: number;
  readonly refused: readonly { readonly id: string; readonly problems: readonly string[] }[];
}

export interface ManagerEvent {
  readonly type:
    'operation-started' | 'operation-step' | 'operation-progress' | 'operation-ended' | 'backend-state';
  readonly at: string;
  readonly operationId?: string | undefined;
  readonly operation?: string | undefined;
  readonly resourceId?: string | undefined;
  readonly backend?: string | undefined;
  readonly step?: string | undefined;
  readonly done?: number | undefined;
  readonly total?: number | undefined;
  /** How long it took, at its end. */
  readonly seconds?: number | undefined;
  readonly outcome?: string | undefined;
  readonly state?: string | undefined;
  readonly reason?: string | undefined;
}

export interface Readiness {
  readonly ready: boolean;
  readonly database: { readonly ok: boolean; readonly reason?: string };
  readonly backends: readonly { readonly name: string; readonly state: string; readonly reason?: string }[];
}
