import { assert } from "../base/assert.ts";
import type { Clock } from "../base/clock.ts";
import type { Issue } from "../base/issue.ts";
import { finishSteps, SlicedWork, type Slicing, type Steps } from "../base/steps.ts";
import { CalcGraph } from "../calc/graph.ts";
import { createLocalTest, type LocalTest } from "../calc/local-test.ts";
import type { DatastoreListener } from "../datastore/datastore.ts";
import { type ResourceUpdate, resourceKey } from "../datastore/resources.ts";
import type { Message } from "../policy/messages.ts";
import { DEFAULT_POLICY_OPTIONS, type PolicyOptions } from "../policy/options.ts";
import { type Snapshot, SnapshotStore } from "../policy/snapshot.ts";
import { SnapshotBuilder } from "../policy/snapshot-builder.ts";
import type { GuardedWorkload } from "./guarded-workload.ts";
import type { PolicyFlags } from "./policy-flags.ts";

/** How policy is judged, once what the directory holds has decided what the flags left open. */
export type JudgingOptions = PolicyOptions & {
  readonly inventory: "complete" | "none";
  /** Whether the directory, not a flag, decided on the inventory. */
  readonly inventoryFound: boolean;
};

/** Told what becomes of the policy. */
export type EmbeddedPolicyListener = {
  /** Once, before the first snapshot. */
  onJudging?(options: JudgingOptions): void;
  /** `tookMs` from the batch of updates to the snapshot being in force. */
  onPublish?(snapshot: Snapshot, tookMs: number): void;
  /** The whole current list, whenever it may have changed. */
  onIssues?(issues: readonly Issue[]): void;
};

/**
 * Policy calculated in this process: resource updates in, snapshots out. The one place that joins datastore, calc and policy.
 *
 * Requests see the state before a batch or the state after it. The first snapshot is made in one go, for nothing can be judged before it;
 * later ones in slices where that is asked for. What comes meanwhile goes into the next one.
 */
export class EmbeddedPolicy implements DatastoreListener {
  readonly store: SnapshotStore = new SnapshotStore();
  readonly #clock: Clock;
  readonly #flags: PolicyFlags;
  readonly #guarded: GuardedWorkload;
  readonly #isGuarded: LocalTest;
  readonly #listener: EmbeddedPolicyListener;
  /** Updates before the datastore is in sync; what they hold decides how the calculation is set up. */
  #early: ResourceUpdate[] | undefined = [];
  #calculation: { readonly graph: CalcGraph; readonly builder: SnapshotBuilder } | undefined;
  #revision = 0;
  #datastoreIssues: readonly Issue[] = [];
  #messageIssues: readonly Issue[] = [];
  /** Calculated, and part of no snapshot. */
  #pending: Message[] = [];
  /** When the first update behind those arrived. */
  #pendingSinceMs = 0;
  /** Undefined: every batch is worked off in one go. */
  readonly #work: SlicedWork | undefined;

  constructor(
    clock: Clock,
    flags: PolicyFlags,
    guarded: GuardedWorkload,
    listener: EmbeddedPolicyListener,
    slicing?: Slicing,
  ) {
    this.#work = slicing && new SlicedWork(slicing);
    this.#clock = clock;
    this.#flags = flags;
    this.#guarded = guarded;
    this.#isGuarded = createLocalTest([guarded.endpoint]);
    this.#listener = listener;
  }

  get inSync(): boolean {
    return this.#calculation !== undefined;
  }

  onUpdates(batch: readonly ResourceUpdate[]): void {
    if (this.#early !== undefined) {
      this.#early.push(...batch);
      return;
    }
    const startedMs = this.#clock.nowMs();
    this.#apply(batch);
    this.#collect(startedMs);
    if (this.#work === undefined) finishSteps(this.#publishPending());
    else if (!this.#work.isBusy) this.#work.run(this.#publishPending());
  }

  /** Gives up what is not in force. */
  close(): void {
    this.#work?.cancel();
  }

  onInSync(): void {
    if (this.#early === undefined) return;
    const startedMs = this.#clock.nowMs();
    const early = this.#early;
    this.#early = undefined;
    const options = judgingOptions(this.#flags, early, this.#isGuarded);
    this.#listener.onJudging?.(options);
    this.#calculation = {
      graph: new CalcGraph({ local: [this.#guarded.endpoint], inventory: options.inventory }),
      builder: new SnapshotBuilder(options),
    };
    const { described } = this.#guarded;
    if (described !== undefined) {
      this.#calculation.graph.apply([{ kind: "put", key: resourceKey(described), resource: described }]);
    }
    this.#apply(early);
    this.#calculation.graph.setInSync();
    this.#collect(startedMs);
    finishSteps(this.#publishPending());
  }

  onIssues(issues: readonly Issue[]): void {
    this.#datastoreIssues = issues;
    this.#reportIssues();
  }

  #apply(batch: readonly ResourceUpdate[]): void {
    assert(this.#calculation !== undefined, "updates are applied once in sync");
    const isDescribed = this.#guarded.described !== undefined;
    const updates = isDescribed ? batch.filter((update) => !this.#isOwnDocument(update)) : batch;
    this.#calculation.graph.apply(updates);
  }

  /** Whether the update is of a document about the workload that flags describe already. */
  #isOwnDocument(update: ResourceUpdate): boolean {
    if (update.kind !== "put") return false;
    const { resource } = update;
    return (
      (resource.kind === "Pod" || resource.kind === "WorkloadEndpoint") &&
      this.#isGuarded(resource) !== undefined
    );
  }

  #collect(startedMs: number): void {
    assert(this.#calculation !== undefined, "messages are calculated once in sync");
    if (this.#pending.length === 0) this.#pendingSinceMs = startedMs;
    this.#pending = this.#pending.concat(this.#calculation.graph.flush());
  }

  *#publishPending(): Steps<void> {
    assert(this.#calculation !== undefined, "snapshots are made once in sync");
    const { builder } = this.#calculation;
    // A batch that changes nothing the workload needs leaves the snapshot and its revision alone.
    while (this.#pending.length > 0) {
      const messages = this.#pending;
      const sinceMs = this.#pendingSinceMs;
      this.#pending = [];
      const issues = yield* builder.applySteps(messages);
      if (issues.length > 0) this.#messageIssues = issues;
      const snapshot = yield* builder.buildSteps(this.#revision + 1);
      this.#revision++;
      this.store.publish(snapshot);
      this.#listener.onPublish?.(snapshot, this.#clock.nowMs() - sinceMs);
    }
    this.#reportIssues();
  }

  #reportIssues(): void {
    const calculated = this.#calculation?.graph.issues() ?? [];
    this.#listener.onIssues?.([...this.#datastoreIssues, ...calculated, ...this.#messageIssues]);
  }
}

function judgingOptions(
  flags: PolicyFlags,
  updates: readonly ResourceUpdate[],
  isGuarded: LocalTest,
): JudgingOptions {
  const inventory = flags.inventory ?? (listsOtherWorkloads(updates, isGuarded) ? "complete" : "none");
  return {
    semantics: flags.semantics ?? DEFAULT_POLICY_OPTIONS.semantics,
    // Without an inventory, sets of workloads prove nothing, and a verified identity is all there is to go by.
    peer: flags.peer ?? (inventory === "none" ? "identity" : DEFAULT_POLICY_OPTIONS.peer),
    requireIdentity: flags.requireIdentity ?? DEFAULT_POLICY_OPTIONS.requireIdentity,
    pathProfile: flags.pathProfile ?? DEFAULT_POLICY_OPTIONS.pathProfile,
    inventory,
    inventoryFound: flags.inventory === undefined,
  };
}

function listsOtherWorkloads(updates: readonly ResourceUpdate[], isGuarded: LocalTest): boolean {
  return updates.some((update) => {
    if (update.kind !== "put") return false;
    const { resource } = update;
    return (
      (resource.kind === "Pod" || resource.kind === "WorkloadEndpoint") && isGuarded(resource) === undefined
    );
  });
}
