import type { Issue } from "../base/issue.ts";
import type { Snapshot, SnapshotStore } from "../policy/snapshot.ts";
import type { JudgingOptions } from "./embedded-policy.ts";

/** Told what becomes of the policy. */
export type PolicySourceListener = {
  /** Once, before the first snapshot. */
  onJudging(options: JudgingOptions): void;
  /** `tookMs` from the batch of changes to the snapshot being in force. */
  onPublish(snapshot: Snapshot, tookMs: number): void;
  /** The whole current list, whenever it may have changed. */
  onIssues(issues: readonly Issue[]): void;
  /** Something happened that an operator wants to see in the log. */
  onEvent(severity: "info" | "warn" | "error", message: string): void;
};

/** Where a sidecar's snapshots come from: files in its own process, a node agent, a recording. */
export type PolicySource = {
  readonly store: SnapshotStore;
  /** For messages and `/status`: `files policies/`, `policy-sync unix:/run/…`. */
  readonly text: string;
  /** Whether a complete state was reached once; it stays so through a reconnect. */
  readonly inSync: boolean;
  /** Resolves when checks can be answered, be it by a refusal; rejects where that will never be. */
  start(): Promise<void>;
  close(): Promise<void>;
  /** More for `/status`; plain data. */
  status(): object;
};
