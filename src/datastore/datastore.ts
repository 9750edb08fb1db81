import type { Issue } from "../base/issue.ts";
import type { ResourceUpdate } from "./resources.ts";

/** Who is told what a datastore holds. Calls come one at a time, from the event loop, never from inside `start` after it failed. */
export type DatastoreListener = {
  /** Changes that belong together, as with one save of a file; `calc` applies them as one. Never empty. */
  onUpdates(batch: readonly ResourceUpdate[]): void;
  /** Everything that exists has been told once. Called once. */
  onInSync(): void;
  /** The whole current list, each time it changes. */
  onIssues(issues: readonly Issue[]): void;
};

/** How far what was told can be trusted to be what is there. */
export type DatastoreHealth = {
  /** Whether changes would reach us, as far as we know. */
  readonly isConnected: boolean;
  /**
   * How long ago everything that was told was last known to be current, in milliseconds; infinite before it was in
   * sync. It grows between two signs of life of a quiet source, so compare it with minutes, not with seconds.
   */
  readonly ageMs: number;
};

/** A source of resources: a directory, a Kubernetes API server, an etcd. */
export type Datastore = {
  /** Resolves when the first state is told; rejects if there can be none. */
  start(listener: DatastoreListener): Promise<void>;
  /** No call of the listener comes after it resolves. */
  close(): Promise<void>;
  /** At any time, cheap. Data are kept however old; what to do about their age is the caller's to say. */
  health(): DatastoreHealth;
};

/** What became of one attempt to tell an author of a problem. */
export type StatusOutcome = "written" | "failed" | "limited";

/** Writes problems where the authors of policy look, as well as it can: it never fails, it only says what it didn't manage. */
export type StatusReporter = {
  /** @param issues the whole current list; what is no object's is passed over. */
  report(issues: readonly Issue[]): void;
  /** No request comes after it resolves. */
  close(): Promise<void>;
};
